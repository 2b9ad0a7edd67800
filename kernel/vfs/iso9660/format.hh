// ISO 9660 on disk (ECMA-119), the System Use Sharing Protocol (IEEE P1281) and Rock Ridge (IEEE P1282).
#pragma once

#include "base/byte_order.hh"

namespace osv::vfs::iso9660 {

constexpr u64 sector_size = 2048;
constexpr u64 first_descriptor = 16 * sector_size;
constexpr unsigned descriptors_max = 64;

/// Numbers are stored in both byte orders (ECMA-119, 7.2.3 and 7.3.3); the little-endian half is read.
struct both32 {
  le32 little;
  be32 big;
};
struct both16 {
  le16 little;
  be16 big;
};

struct directory_record {  // 9.1
  u8 length;
  u8 attribute_length;
  both32 extent;
  both32 size;
  u8 time[7];
  u8 flags;
  u8 unit_size;
  u8 interleave_gap;
  both16 volume_sequence;
  u8 name_length;
  // name, a byte of padding if name_length is even, system use area
};
static_assert(sizeof(directory_record) == 33);
constexpr u8 flag_directory = 2, flag_associated = 4, flag_multi_extent = 0x80;

struct primary_descriptor {  // 8.4
  u8 type;  // 1; 255 ends the set
  char identifier[5];  // "CD001"
  u8 version;
  u8 unused1;
  char system[32];
  char volume[32];
  u8 unused2[8];
  both32 volume_blocks;
  u8 unused3[32];
  both16 set_size;
  both16 sequence;
  both16 block_size;
  both32 path_table_size;
  u8 path_tables[16];
  directory_record root;
  u8 root_name;
};
static_assert(sizeof(primary_descriptor) == 190);

/// Head of a system use entry; `length` counts it.
struct use_entry {
  char signature[2];
  u8 length;
  u8 version;
};

}  // namespace osv::vfs::iso9660
