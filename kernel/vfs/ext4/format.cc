// An empty file system, as mkfs.ext4 would make it but for what nobody needs here: no resize inode, no lost+found. Group by
// group: copies of super block and descriptors where sparse_super wants them, two bitmaps, the table of inodes. Bitmaps and
// tables of groups that hold nothing are not written: their descriptors say so.
#include "log/log.hh"
#include "sched/clock.hh"
#include "sync/random.hh"
#include "vfs/ext4/checksum.hh"
#include "vfs/ext4/file_system.hh"
#include "vfs/ext4/geometry.hh"
#include "vfs/ext4/journal_format.hh"
#include "vfs/ext4/volume.hh"

namespace osv::vfs::ext4 {

namespace {

constexpr u32 block_size = 4096, blocks_per_group = block_size * 8, bytes_per_inode = 16384, inode_size = 256;
constexpr u64 size_min = 8ull << 20;
/// Says, in the place of the volume's name and with no magic number, that formatting began and was cut off.
constexpr char begun[17] = "osv-formatting..";
constexpr usize edge_bytes = 1 << 20;  // where marks live: both ends of the disk

u32 journal_blocks_for(u64 blocks) {
  if (blocks < 32768) return 1024;
  if (blocks < 262144) return 4096;
  if (blocks < 524288) return 8192;
  return 16384;
}

class formatter : pinned {
 public:
  explicit formatter(devices::block_device& device) : disk_(device) {}
  result<> run();

 private:
  struct group {
    u64 block_bitmap, inode_bitmap, inode_table;
    u32 first_free;  // blocks of the group before it are metadata
    u32 used;        // metadata and, in two groups, the root directory and the journal
  };
  result<> plan();
  group group_at(u32 index) const;
  void fill_super();
  void fill_descriptor(u32 index, group_descriptor& d);
  u32 fill_block_bitmap(u32 index);
  u32 fill_inode_bitmap();
  bool written(u32 index) const { return index == 0 || index == journal_group_ || index + 1 == shape_.groups; }
  u64 root_block() const { return group_at(0).first_free; }
  void fill_inode(u32 number, u32 mode, u32 links, u64 bytes, u64 block, u32 blocks);
  result<> write_inodes();
  result<> write_root();
  result<> write_journal();
  result<> write_groups();
  result<> write_block(u64 number, const void* data) { return disk_.write(number * block_size, data, block_size); }

  disk disk_;
  geometry shape_;
  super_block super_{};
  u32 journal_group_ = 0, journal_blocks_ = 0;
  u64 journal_start_ = 0;
  u64 free_blocks_ = 0;
  buffer<u8> page_;         // one block
  buffer<u8> descriptors_;  // all of them
  buffer<u8> inodes_;       // the first block of the table
};

formatter::group formatter::group_at(u32 index) const {
  const u64 start = shape_.group_start(index);
  const u64 bitmaps = start + (shape_.has_super_backup(index) ? 1 + shape_.descriptor_blocks() : 0);
  group g{bitmaps, bitmaps + 1, bitmaps + 2, 0, 0};
  g.first_free = static_cast<u32>(bitmaps + 2 - start) + shape_.inode_table_blocks();
  g.used = g.first_free + (index == 0 ? 1 : 0) + (index == journal_group_ ? journal_blocks_ : 0);
  return g;
}

result<> formatter::plan() {
  geometry& g = shape_;
  if (disk_.size() < size_min) return fail(errc::no_space);
  g.block_size = block_size;
  g.blocks = disk_.size() / block_size;
  g.blocks_per_group = blocks_per_group;
  g.descriptor_size = sizeof(group_descriptor);
  g.inode_size = inode_size;
  g.first_inode = first_inode_default;
  g.sparse_super = g.checksums = true;
  for (;;) {
    g.groups = static_cast<u32>((g.blocks + blocks_per_group - 1) / blocks_per_group);
    u64 per_group = (g.blocks * block_size / bytes_per_inode + g.groups - 1) / g.groups;
    constexpr u32 per_block = block_size / inode_size;
    per_group = align_up(per_group < per_block ? per_block : per_group, per_block);
    g.inodes_per_group = static_cast<u32>(per_group);
    g.inodes = g.inodes_per_group * g.groups;
    // A last group that is hardly more than its own metadata is left away.
    const u32 last = g.blocks_in_group(g.groups - 1);
    constexpr u32 worth_it = 64;
    if (g.groups == 1 || last >= group_at(g.groups - 1).first_free + worth_it) break;
    g.blocks -= last;
  }
  journal_blocks_ = journal_blocks_for(g.blocks);
  // The journal, in one piece, in the first group that has the room; the root directory's block is the first of group 0.
  const u32 reserve = 16;
  while (journal_group_ < g.groups && group_at(journal_group_).first_free + journal_blocks_ + reserve > g.blocks_in_group(journal_group_)) {
    ++journal_group_;
    // group_at() counts the journal where it is: the first block behind the metadata does not depend on it.
  }
  if (journal_group_ == g.groups) return fail(errc::no_space);
  journal_start_ = g.group_start(journal_group_) + group_at(journal_group_).first_free + (journal_group_ == 0 ? 1 : 0);
  for (u32 i = 0; i < g.groups; ++i) free_blocks_ += g.blocks_in_group(i) - group_at(i).used;
  page_ = TRY(buffer<u8>::create(block_size));
  descriptors_ = TRY(buffer<u8>::create(static_cast<usize>(g.descriptor_blocks()) * block_size));
  inodes_ = TRY(buffer<u8>::create(block_size));
  return {};
}

void formatter::fill_super() {
  super_block& s = super_;
  const geometry& g = shape_;
  s.inodes_count = g.inodes;
  s.blocks_count_low = static_cast<u32>(g.blocks);
  s.blocks_count_high = static_cast<u32>(g.blocks >> 32);
  s.free_blocks_low = static_cast<u32>(free_blocks_);
  s.free_blocks_high = static_cast<u32>(free_blocks_ >> 32);
  s.free_inodes = g.inodes - (first_inode_default - 1);
  s.log_block_size = s.log_cluster_size = 2;
  s.blocks_per_group = s.clusters_per_group = blocks_per_group;
  s.inodes_per_group = g.inodes_per_group;
  const auto now = static_cast<u32>(sched::realtime() / second);
  s.write_time = s.last_check = s.make_time = now;
  s.mount_count_max = 0xffff;
  s.magic = super_magic;
  s.state = state::clean;
  s.errors = 2;  // remount read-only
  s.revision = 1;
  s.first_inode = first_inode_default;
  s.inode_size = inode_size;
  s.feature_compatible = compatible::journal | compatible::extended_attributes | compatible::directory_index;
  s.feature_incompatible = incompatible::file_type | incompatible::extents | incompatible::bits64;
  s.feature_read_only = read_only_compatible::sparse_super | read_only_compatible::large_file | read_only_compatible::huge_file |
                        read_only_compatible::directory_links | read_only_compatible::extra_size | read_only_compatible::metadata_checksum;
  sync::random_bytes(s.uuid, sizeof s.uuid);
  // RFC 9562: version 4, variant 10.
  s.uuid[6] = static_cast<u8>((s.uuid[6] & 0x0f) | 0x40);
  s.uuid[8] = static_cast<u8>((s.uuid[8] & 0x3f) | 0x80);
  sync::random_bytes(s.hash_seed, sizeof s.hash_seed);
  s.default_hash_version = 1;  // half MD4
  s.journal_inode = journal_inode;
  s.descriptor_size = sizeof(group_descriptor);
  s.default_mount_options = 0xc;  // user_xattr, acl
  s.extra_size_min = s.extra_size_wanted = extra_size_wanted;
  s.flags = 1;  // signed directory hash
  s.checksum_type = 1;
  __builtin_memcpy(shape_.uuid, s.uuid, sizeof s.uuid);
  shape_.seed = crc32c(~0u, s.uuid, sizeof s.uuid);
}

/// Into page_; its checksum.
u32 formatter::fill_block_bitmap(u32 index) {
  __builtin_memset(page_.data(), 0, block_size);
  const auto set = [&](u64 from, u64 to) {
    for (u64 i = from; i < to; ++i) page_[i / 8] = static_cast<u8>(page_[i / 8] | 1u << (i % 8));
  };
  set(0, group_at(index).used);  // the journal and the root directory follow the metadata at once
  set(shape_.blocks_in_group(index), blocks_per_group);
  return crc32c(shape_.seed, page_.data(), blocks_per_group / 8);
}

u32 formatter::fill_inode_bitmap() {
  __builtin_memset(page_.data(), 0, block_size);
  for (u32 i = 0; i < block_size * 8; ++i)
    if (i < first_inode_default - 1 || i >= shape_.inodes_per_group) page_[i / 8] = static_cast<u8>(page_[i / 8] | 1u << (i % 8));
  return crc32c(shape_.seed, page_.data(), shape_.inodes_per_group / 8);
}

void formatter::fill_descriptor(u32 index, group_descriptor& d) {
  const group g = group_at(index);
  d.block_bitmap_low = static_cast<u32>(g.block_bitmap);
  d.block_bitmap_high = static_cast<u32>(g.block_bitmap >> 32);
  d.inode_bitmap_low = static_cast<u32>(g.inode_bitmap);
  d.inode_bitmap_high = static_cast<u32>(g.inode_bitmap >> 32);
  d.inode_table_low = static_cast<u32>(g.inode_table);
  d.inode_table_high = static_cast<u32>(g.inode_table >> 32);
  d.free_blocks_low = static_cast<u16>(shape_.blocks_in_group(index) - g.used);
  const u32 used_inodes = index == 0 ? first_inode_default - 1 : 0;
  d.free_inodes_low = d.unused_inodes_low = static_cast<u16>(shape_.inodes_per_group - used_inodes);
  if (index == 0) d.directories_low = 1;
  u16 flags = 0;
  if (written(index)) {
    const u32 sum = fill_block_bitmap(index);
    d.block_bitmap_checksum_low = static_cast<u16>(sum);
    d.block_bitmap_checksum_high = static_cast<u16>(sum >> 16);
  } else {
    flags |= group_flag::blocks_unused;
  }
  if (index == 0) {
    const u32 sum = fill_inode_bitmap();
    d.inode_bitmap_checksum_low = static_cast<u16>(sum);
    d.inode_bitmap_checksum_high = static_cast<u16>(sum >> 16);
  } else {
    flags |= group_flag::inodes_unused;
  }
  d.flags = flags;
  const le32 number = index;
  d.checksum = static_cast<u16>(crc32c(crc32c(shape_.seed, &number, sizeof number), &d, sizeof d));
}

/// A record in inodes_, with one extent if it has blocks.
void formatter::fill_inode(u32 number, u32 mode, u32 links, u64 bytes, u64 block, u32 blocks) {
  u8* raw = inodes_.data() + (number - 1) * inode_size;
  auto& r = *reinterpret_cast<disk_inode_record*>(raw);
  r.mode = static_cast<u16>(mode);
  r.links = static_cast<u16>(links);
  r.size_low = static_cast<u32>(bytes);
  r.blocks_low = blocks * (block_size / 512);
  if (mode) {
    r.extra_size = extra_size_wanted;
    r.accessed = r.changed = r.modified = r.created = static_cast<u32>(super_.make_time);
    r.flags = inode_flag::extents;
    auto& header = *reinterpret_cast<extent_header*>(r.block);
    header = {extent_magic, 1, 4, 0, 0};
    *reinterpret_cast<extent_record*>(r.block + sizeof header) = {0, static_cast<u16>(blocks), static_cast<u16>(block >> 32), static_cast<u32>(block)};
  }
  const le32 n = number, generation = 0;
  const u32 sum = crc32c(crc32c(crc32c(shape_.seed, &n, sizeof n), &generation, sizeof generation), raw, inode_size);
  r.checksum_low = static_cast<u16>(sum);
  if (mode) r.checksum_high = static_cast<u16>(sum >> 16);
}

result<> formatter::write_inodes() {
  for (u32 number = 1; number < first_inode_default; ++number) {
    if (number == root_inode)
      fill_inode(number, io::mode::directory | 0755, 2, block_size, root_block(), 1);
    else if (number == journal_inode)
      fill_inode(number, io::mode::regular | 0600, 1, static_cast<u64>(journal_blocks_) * block_size, journal_start_, journal_blocks_);
    else
      fill_inode(number, 0, 0, 0, 0, 0);
  }
  // The journal's inode once more in the super block, for e2fsck.
  const auto& log = *reinterpret_cast<disk_inode_record*>(inodes_.data() + (journal_inode - 1) * inode_size);
  super_.journal_backup_type = 1;
  __builtin_memcpy(super_.journal_blocks, log.block, sizeof log.block);
  super_.journal_blocks[15] = static_cast<u32>(log.size_high);
  super_.journal_blocks[16] = static_cast<u32>(log.size_low);
  return write_block(group_at(0).inode_table, inodes_.data());
}

result<> formatter::write_root() {
  __builtin_memset(page_.data(), 0, block_size);
  constexpr u32 usable = block_size - sizeof(directory_tail);
  const auto put = [&](u32 offset, u32 length, string_view name) {
    auto& r = *reinterpret_cast<directory_record*>(page_.data() + offset);
    r.inode = root_inode;
    r.length = static_cast<u16>(length);
    r.name_length = static_cast<u8>(name.size());
    r.type = 2;
    __builtin_memcpy(r.name, name.data(), name.size());
  };
  put(0, 12, ".");
  put(12, usable - 12, "..");
  auto& tail = *reinterpret_cast<directory_tail*>(page_.data() + usable);
  tail = {0, sizeof tail, 0, directory_tail_type, 0};
  const le32 number = root_inode, generation = 0;
  tail.checksum = crc32c(crc32c(crc32c(shape_.seed, &number, sizeof number), &generation, sizeof generation), page_.data(), usable);
  return write_block(root_block(), page_.data());
}

result<> formatter::write_journal() {
  __builtin_memset(page_.data(), 0, block_size);
  auto& log = *reinterpret_cast<journal_super*>(page_.data());
  log.header = {journal_magic, static_cast<u32>(journal_block::super_v2), 0};
  log.block_size = block_size;
  log.blocks = journal_blocks_;
  log.first = 1;
  log.sequence = 1;
  log.users = 1;
  __builtin_memcpy(log.uuid, super_.uuid, sizeof log.uuid);
  return write_block(journal_start_, page_.data());
}

result<> formatter::write_groups() {
  for (u32 i = 0; i < shape_.groups; ++i) {
    auto& d = reinterpret_cast<group_descriptor*>(descriptors_.data())[i];
    fill_descriptor(i, d);
    if (written(i)) {
      (void)fill_block_bitmap(i);
      TRY(write_block(group_at(i).block_bitmap, page_.data()));
    }
    if (i == 0) {
      (void)fill_inode_bitmap();
      TRY(write_block(group_at(i).inode_bitmap, page_.data()));
    }
  }
  // Copies, the first one last.
  for (u32 i = shape_.groups; i--;) {
    if (!shape_.has_super_backup(i)) continue;
    const u64 start = shape_.group_start(i);
    TRY(disk_.write((start + 1) * block_size, descriptors_.data(), descriptors_.size()));
    if (i == 0) TRY(disk_.flush());
    super_.block_group = static_cast<u16>(i);
    super_.checksum = super_checksum(super_);
    TRY(disk_.write_copied(start * block_size + (i == 0 ? super_offset : 0), &super_, sizeof super_));
  }
  return disk_.flush();
}

result<> formatter::run() {
  TRY(plan());
  // Whatever is cut off from here on is begun again.
  super_block mark{};
  __builtin_memcpy(mark.volume_name, begun, sizeof mark.volume_name);
  TRY(disk_.write_copied(super_offset, &mark, sizeof mark));
  TRY(disk_.flush());
  fill_super();
  TRY(write_inodes());
  TRY(write_root());
  TRY(write_journal());
  TRY(write_groups());
  log::info("ext4: {} was blank and is formatted now: {} MiB", disk_.name(), shape_.blocks * block_size >> 20);
  return {};
}

/// No byte but zero in the `bytes` from `offset` on.
result<bool> is_zero(disk& d, u64 offset, usize bytes, buffer<u8>& room) {
  for (usize done = 0; done < bytes; done += room.size()) {
    const usize n = bytes - done < room.size() ? bytes - done : room.size();
    TRY(d.read(offset + done, room.data(), n));
    for (usize i = 0; i < n; ++i)
      if (room[i]) return false;
  }
  return true;
}

}  // namespace

result<bool> is_blank(devices::block_device& device) {
  disk d(device);
  super_block super;
  if (d.size() < super_offset + sizeof super) return false;
  TRY(d.read_copied(super_offset, &super, sizeof super));
  if (super.magic == 0 && __builtin_memcmp(super.volume_name, begun, sizeof super.volume_name) == 0) return true;
  auto room = TRY(buffer<u8>::create(64 * 1024));
  const usize edge = d.size() < edge_bytes ? d.size() : edge_bytes;
  if (!TRY(is_zero(d, 0, edge, room))) return false;
  return is_zero(d, d.size() - edge, edge, room);
}

result<> format(devices::block_device& device) { return formatter(device).run(); }

result<ref<file_system>> open_volume(devices::block_device& device, bool read_only) { return TRY(volume::open(device, read_only)); }

}  // namespace osv::vfs::ext4
