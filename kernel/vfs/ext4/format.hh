// ext4 on disk (kernel.org, "ext4 Data Structures and Algorithms"). Field names in words; the manual's names beside them
// where they differ much.
#pragma once

#include "base/byte_order.hh"

namespace osv::vfs::ext4 {

constexpr u16 super_magic = 0xef53;
constexpr u64 super_offset = 1024;

struct super_block {
  le32 inodes_count;
  le32 blocks_count_low;
  le32 reserved_blocks_low;
  le32 free_blocks_low;
  le32 free_inodes;
  le32 first_data_block;
  le32 log_block_size;  // of 1024 bytes
  le32 log_cluster_size;
  le32 blocks_per_group;
  le32 clusters_per_group;
  le32 inodes_per_group;
  le32 mount_time;
  le32 write_time;
  le16 mount_count;
  le16 mount_count_max;
  le16 magic;
  le16 state;
  le16 errors;
  le16 minor_revision;
  le32 last_check;
  le32 check_interval;
  le32 creator_os;
  le32 revision;
  le16 reserved_user, reserved_group;
  le32 first_inode;
  le16 inode_size;
  le16 block_group;
  le32 feature_compatible, feature_incompatible, feature_read_only;
  u8 uuid[16];
  char volume_name[16];
  char last_mounted[64];
  le32 compression;
  u8 preallocate_blocks, preallocate_directory_blocks;
  le16 reserved_descriptor_blocks;  // s_reserved_gdt_blocks
  u8 journal_uuid[16];
  le32 journal_inode;
  le32 journal_device;
  le32 last_orphan;
  le32 hash_seed[4];
  u8 default_hash_version;
  u8 journal_backup_type;
  le16 descriptor_size;
  le32 default_mount_options;
  le32 first_meta_group;
  le32 make_time;
  le32 journal_blocks[17];
  le32 blocks_count_high, reserved_blocks_high, free_blocks_high;
  le16 extra_size_min, extra_size_wanted;
  le32 flags;
  le16 raid_stride;
  le16 mmp_interval;
  le64 mmp_block;
  le32 raid_stripe_width;
  u8 log_groups_per_flex;
  u8 checksum_type;
  le16 reserved_pad;
  le64 kibibytes_written;
  u8 snapshots_and_errors[128];  // snapshot and error records: not used here
  char mount_options[64];
  le32 user_quota_inode, group_quota_inode, overhead_clusters;
  le32 backup_groups[2];
  u8 encryption_algorithms[4];
  u8 encryption_salt[16];
  le32 lost_found_inode, project_quota_inode;
  le32 checksum_seed;
  u8 high_times[8];
  le16 encoding, encoding_flags;
  le32 orphan_file_inode;
  le32 reserved[94];
  le32 checksum;
};
static_assert(sizeof(super_block) == 1024);
static_assert(__builtin_offsetof(super_block, kibibytes_written) == 0x178);
static_assert(__builtin_offsetof(super_block, checksum_seed) == 0x270);

namespace state {
constexpr u16 clean = 1, errors = 2;
}
namespace compatible {
constexpr u32 journal = 4, extended_attributes = 8, resize_inode = 0x10, directory_index = 0x20, sparse_super_2 = 0x200;
}
namespace incompatible {
constexpr u32 file_type = 2, recover = 4, extents = 0x40, bits64 = 0x80, flexible_groups = 0x200, checksum_seed = 0x2000;
constexpr u32 supported = file_type | recover | extents | bits64 | flexible_groups | checksum_seed;
}
namespace read_only_compatible {
constexpr u32 sparse_super = 1, large_file = 2, huge_file = 8, group_checksum = 0x10, directory_links = 0x20, extra_size = 0x40;
constexpr u32 metadata_checksum = 0x400;
constexpr u32 writable = sparse_super | large_file | huge_file | group_checksum | directory_links | extra_size | metadata_checksum;
}

constexpr u32 root_inode = 2, journal_inode = 8, first_inode_default = 11;

struct group_descriptor {
  le32 block_bitmap_low, inode_bitmap_low, inode_table_low;
  le16 free_blocks_low, free_inodes_low, directories_low;
  le16 flags;
  le32 exclude_bitmap_low;
  le16 block_bitmap_checksum_low, inode_bitmap_checksum_low;
  le16 unused_inodes_low;  // bg_itable_unused
  le16 checksum;
  // With the 64bit feature and 64 bytes a descriptor:
  le32 block_bitmap_high, inode_bitmap_high, inode_table_high;
  le16 free_blocks_high, free_inodes_high, directories_high, unused_inodes_high;
  le32 exclude_bitmap_high;
  le16 block_bitmap_checksum_high, inode_bitmap_checksum_high;
  le32 reserved;
};
static_assert(sizeof(group_descriptor) == 64);
constexpr usize short_descriptor_size = 32;

namespace group_flag {
constexpr u16 inodes_unused = 1, blocks_unused = 2, table_zeroed = 4;
}

/// The first 160 bytes of an inode: the classic 128 and the extra fields that are used here.
struct disk_inode_record {
  le16 mode;
  le16 user_low;
  le32 size_low;
  le32 accessed, changed, modified, deleted;
  le16 group_low;
  le16 links;
  le32 blocks_low;
  le32 flags;
  le32 version;
  u8 block[60];
  le32 generation;
  le32 attribute_block_low;
  le32 size_high;
  le32 obsolete_fragment;
  le16 blocks_high, attribute_block_high, user_high, group_high, checksum_low, reserved;
  le16 extra_size, checksum_high;
  le32 changed_extra, modified_extra, accessed_extra, created, created_extra, version_high, project;
};
static_assert(sizeof(disk_inode_record) == 160);
constexpr usize classic_inode_size = 128, inode_size_max = 1024;
constexpr u16 extra_size_wanted = 32;

namespace inode_flag {
constexpr u32 immutable = 0x10, append_only = 0x20, index = 0x1000, huge_file = 0x40000, extents = 0x80000, inline_data = 0x10000000;
}

constexpr u16 extent_magic = 0xf30a;
constexpr unsigned extent_depth_max = 5;
struct extent_header {
  le16 magic, entries, entries_max, depth;
  le32 generation;
};
struct extent_index {
  le32 block;
  le32 leaf_low;
  le16 leaf_high;
  le16 unused;
};
struct extent_record {
  le32 block;
  le16 length;  // above 32768: unwritten, length - 32768
  le16 start_high;
  le32 start_low;
};
static_assert(sizeof(extent_header) == 12 && sizeof(extent_index) == 12 && sizeof(extent_record) == 12);
constexpr u32 extent_length_max = 32768;

struct directory_record {
  le32 inode;
  le16 length;
  u8 name_length;
  u8 type;
  char name[4];  // name_length bytes in truth
};
constexpr usize directory_record_header = 8;
constexpr usize record_size(usize name_length) { return (directory_record_header + name_length + 3) & ~3ul; }
/// The last 12 bytes of a directory block with metadata_csum: looks like an unused record.
struct directory_tail {
  le32 zero;
  le16 length;  // 12
  u8 zero_name_length;
  u8 type;  // 0xde
  le32 checksum;
};
static_assert(sizeof(directory_tail) == 12);
constexpr u8 directory_tail_type = 0xde;

struct attribute_block_header {
  le32 magic;  // 0xea020000
  le32 references;
  le32 blocks;
  le32 hash;
  le32 checksum;
};
constexpr u32 attribute_magic = 0xea020000;

inline u64 join(u32 high, u32 low) { return static_cast<u64>(high) << 32 | low; }

}  // namespace osv::vfs::ext4
