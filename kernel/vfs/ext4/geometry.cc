#include "vfs/ext4/geometry.hh"

#include "log/log.hh"
#include "vfs/ext4/checksum.hh"

namespace osv::vfs::ext4 {

namespace {

bool power_of(u32 value, u32 base) {
  while (value > 1 && value % base == 0) value /= base;
  return value == 1;
}

struct feature_name {
  u32 bit;
  const char* name;
};

/// Names of what mkfs.ext4 and tune2fs call features, for the sentence that refuses one.
constexpr feature_name incompatible_names[] = {
    {0x1, "compression"}, {0x8, "journal_dev"},  {0x10, "meta_bg"},       {0x100, "mmp"},      {0x400, "ea_inode"},
    {0x1000, "dirdata"},  {0x4000, "large_dir"}, {0x8000, "inline_data"}, {0x10000, "encrypt"}, {0x20000, "casefold"},
};

const char* name_of(u32 bits) {
  for (const feature_name& f : incompatible_names)
    if (bits & f.bit) return f.name;
  return "unknown";
}

}  // namespace

bool geometry::has_super_backup(u32 group) const {
  if (!sparse_super || group <= 1) return true;
  return power_of(group, 3) || power_of(group, 5) || power_of(group, 7);
}

u64 block_count(const super_block& super) {
  const bool wide = super.feature_incompatible & incompatible::bits64;
  return join(wide ? static_cast<u32>(super.blocks_count_high) : 0, super.blocks_count_low);
}

u32 super_checksum(const super_block& super) { return crc32c(~0u, &super, __builtin_offsetof(super_block, checksum)); }

result<geometry> check_super(const super_block& super, disk& from) {
  if (super.magic != super_magic) return fail(errc::invalid);
  const u32 unknown = super.feature_incompatible & ~incompatible::supported;
  if (unknown || !(super.feature_incompatible & incompatible::file_type)) {
    log::error("ext4: {} needs the feature {}, which this kernel does not have", from.name(), unknown ? name_of(unknown) : "of ext2 without file types");
    return fail(errc::not_supported);
  }
  if (super.feature_read_only & 0x200) {
    log::error("ext4: {} uses bigalloc, which this kernel does not have", from.name());
    return fail(errc::not_supported);
  }
  geometry g;
  g.checksums = super.feature_read_only & read_only_compatible::metadata_checksum;
  g.group_checksums = !g.checksums && super.feature_read_only & read_only_compatible::group_checksum;
  if (g.checksums && (super.checksum_type != 1 || super_checksum(super) != super.checksum)) return fail(errc::corrupt);
  constexpr u32 log_block_size_max = 2;  // 4096, a page
  if (super.log_block_size > log_block_size_max) {
    log::error("ext4: {} has blocks larger than 4096 bytes", from.name());
    return fail(errc::not_supported);
  }
  g.block_size = 1024u << super.log_block_size;
  g.blocks = block_count(super);
  g.first_data_block = super.first_data_block;
  g.blocks_per_group = super.blocks_per_group;
  g.inodes_per_group = super.inodes_per_group;
  g.inodes = super.inodes_count;
  g.inode_size = super.revision ? static_cast<u32>(super.inode_size) : classic_inode_size;
  g.first_inode = super.revision ? static_cast<u32>(super.first_inode) : first_inode_default;
  const bool wide = super.feature_incompatible & incompatible::bits64;
  g.descriptor_size = wide ? static_cast<u32>(super.descriptor_size) : short_descriptor_size;
  g.sparse_super = super.feature_read_only & read_only_compatible::sparse_super;
  g.reserved_descriptor_blocks = super.reserved_descriptor_blocks;
  __builtin_memcpy(g.uuid, super.uuid, sizeof g.uuid);
  g.seed = super.feature_incompatible & incompatible::checksum_seed ? static_cast<u32>(super.checksum_seed) : crc32c(~0u, super.uuid, 16);

  const u32 bits = g.block_size * 8;
  if (g.first_data_block != (g.block_size == 1024 ? 1u : 0u)) return fail(errc::corrupt);
  if (!g.blocks_per_group || g.blocks_per_group > bits || g.blocks_per_group % 8) return fail(errc::corrupt);
  if (!g.inodes_per_group || g.inodes_per_group > bits || g.inodes_per_group % 8) return fail(errc::corrupt);
  if (g.inode_size < classic_inode_size || g.inode_size > inode_size_max || g.inode_size & (g.inode_size - 1)) return fail(errc::corrupt);
  if (wide && g.descriptor_size != sizeof(group_descriptor)) return fail(errc::corrupt);
  if (g.blocks <= g.first_data_block + 8 || g.blocks > from.size() / g.block_size) return fail(errc::corrupt);
  const u64 groups = (g.blocks - g.first_data_block + g.blocks_per_group - 1) / g.blocks_per_group;
  constexpr u64 groups_max = 1 << 20;  // 128 TiB of 4 KiB blocks
  if (groups > groups_max || groups * g.inodes_per_group != g.inodes) return fail(errc::corrupt);
  g.groups = static_cast<u32>(groups);
  if (g.first_inode < first_inode_default || g.first_inode > g.inodes) return fail(errc::corrupt);
  if (1 + g.descriptor_blocks() + g.first_data_block >= g.blocks_in_group(0)) return fail(errc::corrupt);
  return g;
}

const char* reason_not_to_write(const super_block& super) {
  if (super.feature_read_only & 0x10000) return "it has files to be removed after a crash; e2fsck does that";
  if (super.feature_read_only & ~read_only_compatible::writable) return "it has a feature that only reading is known of";
  if (super.feature_compatible & compatible::sparse_super_2) return "it has the feature sparse_super2";
  if (!(super.feature_incompatible & incompatible::extents)) return "it does not use extents";
  if (!(super.feature_compatible & compatible::journal) || !super.journal_inode || super.journal_device) return "it has no journal inside";
  if (super.state & state::errors) return "errors were found on it before; e2fsck mends them";
  return nullptr;
}

}  // namespace osv::vfs::ext4
