// The journal on disk (jbd2; "ext4 Data Structures and Algorithms", 3.6). All of it is big-endian.
#pragma once

#include "base/byte_order.hh"

namespace osv::vfs::ext4 {

constexpr u32 journal_magic = 0xc03b3998;

enum class journal_block : u32 { descriptor = 1, commit = 2, super_v1 = 3, super_v2 = 4, revoke = 5 };

struct journal_header {
  be32 magic, type, sequence;
};

struct journal_super {
  journal_header header;
  be32 block_size, blocks, first;
  be32 sequence, start;  // the first transaction in the log and its block; start 0: the log is empty
  be32 error;
  be32 compatible, incompatible, read_only;
  u8 uuid[16];
  be32 users, dynamic_super, transaction_max, transaction_data_max;
  u8 checksum_type;
  u8 padding[3];
  be32 fast_commit_blocks, head;
  be32 padding2[40];
  be32 checksum;
  u8 user_ids[768];
};
static_assert(sizeof(journal_super) == 1024);

namespace journal_feature {
constexpr u32 checksum_v1 = 1;  // compatible
constexpr u32 revoke = 1, bits64 = 2, async_commit = 4, checksum_v2 = 8, checksum_v3 = 0x10;
constexpr u32 supported = revoke | bits64 | async_commit | checksum_v2 | checksum_v3;
}
constexpr u8 checksum_crc32c = 4;

namespace tag_flag {
constexpr u32 escaped = 1, same_uuid = 2, deleted = 4, last = 8;
}
/// With checksum_v3: 16 bytes.
struct journal_tag3 {
  be32 block_low, flags, block_high, checksum;
};
/// Without: 8 bytes, 12 with bits64 (checksum_v2 uses the same).
struct journal_tag {
  be32 block_low;
  be16 checksum, flags;
  be32 block_high;
};

struct journal_commit {
  journal_header header;
  u8 checksum_type, checksum_size, padding[2];
  be32 checksum[8];
  be64 seconds;
  be32 nanoseconds;
};

struct journal_revoke {
  journal_header header;
  be32 bytes;  // used in this block, this header included
};

}  // namespace osv::vfs::ext4
