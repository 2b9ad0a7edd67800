// What a mapping shows: a file's page cache, a device, or nothing (anonymous). Implemented by upper layers (vfs/page_cache).
#pragma once

#include "base/memory.hh"
#include "memory/frames.hh"

namespace osv::memory {

class backing : public ref_counted<backing> {
 public:
  virtual ~backing() = default;
  /// The frame that holds page `index` (offset / 4096), with a reference for the caller. May sleep (reads the disk).
  /// `for_write`: the page will be written through a shared mapping: mark it dirty.
  /// errc::range beyond the end of the file (SIGBUS), errc::io on a read error (SIGBUS).
  virtual result<frame*> page(u64 index, bool for_write) = 0;
  /// Name for /proc/self/maps; empty if none.
  virtual std::string_view name() const { return {}; }
  virtual u64 inode_number() const { return 0; }

  /// How often pages were taken from it: a page that was fetched before is not mapped after. The address space's mutex.
  u32 cuts = 0;
};

}  // namespace osv::memory
