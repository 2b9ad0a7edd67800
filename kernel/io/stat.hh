// File status in kernel form; linux/ converts it to struct stat and struct statx.
#pragma once

#include "base/types.hh"

namespace osv::io {

struct time_stamp {
  i64 seconds = 0;
  u32 nanoseconds = 0;
};

/// st_mode type bits (inode(7)).
namespace mode {
constexpr u32 type_mask = 0170000, socket = 0140000, link = 0120000, regular = 0100000, block = 0060000;
constexpr u32 directory = 0040000, character = 0020000, fifo = 0010000;
}  // namespace mode

struct file_status {
  u64 device = 0;
  u64 inode = 0;
  u32 mode = 0;
  u32 links = 1;
  u32 user = 0;
  u32 group = 0;
  u64 special_device = 0;
  u64 size = 0;
  u32 block_size = 4096;
  u64 blocks_512 = 0;
  time_stamp accessed, modified, changed, created;
};

}  // namespace osv::io
