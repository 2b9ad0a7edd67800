// EROFS on disk (Linux: Documentation/filesystems/erofs.rst, fs/erofs/erofs_fs.h describes the same fields).
#pragma once

#include "base/byte_order.hh"

namespace osv::vfs::erofs {

constexpr u32 super_magic = 0xe0f5e1e2;
constexpr u64 super_offset = 1024;

struct super_block {
  le32 magic;
  le32 checksum;  // CRC-32C of the block from super_offset on, with this field 0
  le32 feature_compatible;
  u8 block_bits;
  u8 extension_slots;  // the super block has 128 + 16 * this bytes
  le16 root_nid;
  le64 inodes;
  le64 build_time;  // seconds; every compact inode's time
  le32 build_nanoseconds;
  le32 blocks;
  le32 meta_block;  // where inodes are counted from
  le32 xattr_block;
  u8 uuid[16];
  u8 volume_name[16];
  le32 feature_incompatible;
  le16 compression_algorithms;
  le16 extra_devices;
  le16 device_table_slot;
  u8 directory_block_bits;
  u8 xattr_prefixes;
  le32 xattr_prefix_start;
  le64 packed_nid;
  u8 xattr_filter;
  u8 reserved[23];
};
static_assert(sizeof(super_block) == 128);

// feature_compatible
constexpr u32 feature_checksum = 1;
// feature_incompatible
constexpr u32 feature_zero_padding = 0x1;  // LZ4 data is aligned to the end of its block
constexpr u32 feature_compression_configuration = 0x2;
constexpr u32 feature_chunked_file = 0x4;

/// Inodes lie in slots of 32 bytes; the slot's number is the nid.
constexpr unsigned slot_bits = 5;

// inode format field: bit 0 extended, bits 1-3 data layout.
enum class layout : u8 { flat_plain = 0, compressed_full = 1, flat_inline = 2, compressed_compact = 3, chunk_based = 4 };

struct compact_inode {
  le16 format;
  le16 xattr_count;
  le16 mode;
  le16 links;
  le32 size;
  le32 reserved;
  le32 data;  // first block, device number or chunk format, by layout and type
  le32 number;
  le16 user;
  le16 group;
  le32 reserved2;
};
static_assert(sizeof(compact_inode) == 32);

struct extended_inode {
  le16 format;
  le16 xattr_count;
  le16 mode;
  le16 reserved;
  le64 size;
  le32 data;
  le32 number;
  le32 user;
  le32 group;
  le64 modified;
  le32 modified_nanoseconds;
  le32 links;
  u8 reserved2[16];
};
static_assert(sizeof(extended_inode) == 64);

/// Bytes of inline extended attributes behind an inode.
constexpr u64 xattr_size(u16 count) { return count ? 12 + (count - 1) * 4ull : 0; }

struct directory_entry {
  le64 nid;
  le16 name_offset;  // in the block; the first entry's tells how many there are
  u8 type;
  u8 reserved;
};
static_assert(sizeof(directory_entry) == 12);

// Chunk format: bits 0-4 log2(chunk / block), bit 5 eight-byte indexes in the place of four-byte block numbers.
constexpr u16 chunk_bits_mask = 0x1f, chunk_indexes = 0x20;
struct chunk_index {
  le16 advise;
  le16 device;
  le32 block;
};
constexpr u32 chunk_hole = 0xffffffff;

}  // namespace osv::vfs::erofs
