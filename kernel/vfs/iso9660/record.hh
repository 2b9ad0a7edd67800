// A directory record with its Rock Ridge entries, checked and decoded.
#pragma once

#include "base/string.hh"
#include "vfs/image_source.hh"
#include "vfs/inode.hh"
#include "vfs/iso9660/format.hh"

namespace osv::vfs::iso9660 {

struct record {
  string name;         // empty for "." and ".."
  bool self = false;   // "."
  bool parent = false; // ".."
  bool hidden = false; // associated files, relocation folders
  bool supported = true;  // false: in several extents, or relocated
  u32 mode = 0;        // with its type
  u32 links = 1;
  u32 user = 0, group = 0;
  u64 device = 0;
  u64 offset = 0;      // of the data, bytes
  u64 size = 0;
  io::time_stamp modified, accessed, changed;
  string target;       // symbolic link
};

/// Whether the volume uses Rock Ridge, and how many bytes each system use area has in front of it (SUSP 5.3).
struct use_protocol {
  bool present = false;
  u8 skip = 0;
};

/// Finds the protocol's mark (SP) in the root's "." record.
use_protocol detect(std::span<const u8> root_record);
/// Decodes the record that starts `bytes`; `bytes` ends where its sector does. EUCLEAN.
result<> decode(image_source& source, const use_protocol& protocol, std::span<const u8> bytes, record& out);

}  // namespace osv::vfs::iso9660
