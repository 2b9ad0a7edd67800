// Where a read-only file system's bytes come from: a block device, or memory that holds the whole image.
#pragma once

#include <span>

#include "base/memory.hh"
#include "devices/block_device.hh"
#include "memory/frames.hh"

namespace osv::vfs {

class image_source : pinned {
 public:
  virtual ~image_source() = default;
  /// Bytes.
  virtual u64 size() const = 0;
  virtual std::string_view name() const = 0;
  /// Copies bytes out; any offset and size; through a cache, for metadata. EIO beyond the end (a damaged image points there).
  virtual result<> read(u64 offset, void* into, usize size) = 0;
  /// Reads `count` pages into whole frames. `offset` is a multiple of 512; EIO unless all of it lies inside.
  virtual result<> read_pages(u64 offset, memory::frame* const* frames, usize count) = 0;
  /// The frame that is bytes [offset, offset + 4096) of the image, with a reference; nullptr where a copy is needed.
  virtual memory::frame* resident(u64) { return nullptr; }

 protected:
  result<> check(u64 offset, u64 bytes) const {
    if (offset > size() || bytes > size() - offset) return fail(errc::io);
    return {};
  }
};

/// Over a device that lives for ever.
result<unique<image_source>> open_block_source(devices::block_device& device);
/// Over memory that lives for ever. `frames`: it lies in the physical map on a page boundary, every page with a frame
/// descriptor: files show these frames themselves (an initrd).
result<unique<image_source>> open_memory_source(std::span<const u8> image, bool frames);

}  // namespace osv::vfs
