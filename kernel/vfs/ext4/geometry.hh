// What the super block says, checked once: everything else believes these numbers.
#pragma once

#include "vfs/ext4/disk.hh"
#include "vfs/ext4/format.hh"

namespace osv::vfs::ext4 {

struct geometry {
  u32 block_size = 0;
  u64 blocks = 0;
  u32 first_data_block = 0;
  u32 blocks_per_group = 0;
  u32 inodes_per_group = 0;
  u32 inodes = 0;
  u32 groups = 0;
  u32 descriptor_size = 0;
  u32 inode_size = 0;
  u32 first_inode = 0;
  u32 reserved_descriptor_blocks = 0;
  bool sparse_super = false;
  bool checksums = false;        // metadata_csum
  bool group_checksums = false;  // gdt_csum
  u32 seed = 0;                  // of every checksum
  u8 uuid[16] = {};

  u32 descriptors_per_block() const { return block_size / descriptor_size; }
  u32 descriptor_blocks() const { return (groups + descriptors_per_block() - 1) / descriptors_per_block(); }
  u64 group_start(u32 group) const { return first_data_block + static_cast<u64>(group) * blocks_per_group; }
  /// The last group may be shorter.
  u32 blocks_in_group(u32 group) const {
    const u64 left = blocks - group_start(group);
    return left < blocks_per_group ? static_cast<u32>(left) : blocks_per_group;
  }
  u32 group_of_block(u64 block) const { return static_cast<u32>((block - first_data_block) / blocks_per_group); }
  u32 inode_table_blocks() const { return (inodes_per_group * inode_size + block_size - 1) / block_size; }
  bool is_data_block(u64 block) const { return block > first_data_block && block < blocks; }
  bool has_super_backup(u32 group) const;
  /// Where the primary super block lies: its block, and its offset in that.
  u64 super_block_number() const { return super_offset / block_size; }
  u32 super_block_offset() const { return super_offset % block_size; }
};

/// The checks that reading needs. EINVAL: no ext4; EUCLEAN: damaged; ENOTSUP: a feature that is not implemented (a log line names it).
result<geometry> check_super(const super_block& super, disk& from);
/// Whether this kernel may write to it; if not, a sentence's end for people.
const char* reason_not_to_write(const super_block& super);
u32 super_checksum(const super_block& super);
u64 block_count(const super_block& super);

}  // namespace osv::vfs::ext4
