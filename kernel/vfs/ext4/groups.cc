#include "vfs/ext4/groups.hh"

#include "log/log.hh"
#include "vfs/ext4/checksum.hh"

namespace osv::vfs::ext4 {

namespace {

bool bit(const u8* bits, u32 i) { return bits[i / 8] >> (i % 8) & 1; }
void set_bit(u8* bits, u32 i) { bits[i / 8] = static_cast<u8>(bits[i / 8] | 1u << (i % 8)); }
void clear_bit(u8* bits, u32 i) { bits[i / 8] = static_cast<u8>(bits[i / 8] & ~(1u << (i % 8))); }

}  // namespace

group_descriptor& groups::descriptor(u32 group) const {
  return *descriptor_block(group).as<group_descriptor>(group % geometry_.descriptors_per_block() * geometry_.descriptor_size);
}

// The fields with a low and a high half; the high ones exist in wide descriptors only.
#define OSV_WIDE(name, field)                                                                                       \
  u32 groups::name##_of(u32 group) const {                                                                          \
    const group_descriptor& d = descriptor(group);                                                                  \
    return d.field##_low | (geometry_.descriptor_size > short_descriptor_size ? d.field##_high << 16 : 0);          \
  }                                                                                                                 \
  void groups::set_##name(u32 group, u32 count) {                                                                   \
    group_descriptor& d = descriptor(group);                                                                        \
    d.field##_low = static_cast<u16>(count);                                                                        \
    if (geometry_.descriptor_size > short_descriptor_size) d.field##_high = static_cast<u16>(count >> 16);          \
  }
OSV_WIDE(free_blocks, free_blocks)
OSV_WIDE(free_inodes, free_inodes)
OSV_WIDE(directories, directories)
OSV_WIDE(unused_inodes, unused_inodes)
#undef OSV_WIDE

u16 groups::descriptor_checksum(u32 group) const {
  group_descriptor copy{};
  __builtin_memcpy(&copy, &descriptor(group), geometry_.descriptor_size);
  const le32 number = group;
  copy.checksum = 0;
  if (geometry_.checksums)
    return static_cast<u16>(crc32c(crc32c(geometry_.seed, &number, sizeof number), &copy, geometry_.descriptor_size));
  // The old checksum leaves its own field out.
  constexpr usize before = __builtin_offsetof(group_descriptor, checksum), behind = before + 2;
  u16 crc = crc16(0xffff, geometry_.uuid, sizeof geometry_.uuid);
  crc = crc16(crc, &number, sizeof number);
  crc = crc16(crc, &copy, before);
  return crc16(crc, reinterpret_cast<u8*>(&copy) + behind, geometry_.descriptor_size - behind);
}

result<> groups::load() {
  const u64 first = geometry_.super_block_number() + 1;
  for (u32 i = 0; i < geometry_.descriptor_blocks(); ++i) TRY(descriptor_blocks_.push_back(TRY(cache_.get(first + i))));
  TRY(groups_.resize(geometry_.groups));
  const bool wide = geometry_.descriptor_size > short_descriptor_size;
  u64 blocks = 0, inodes = 0;
  for (u32 i = 0; i < geometry_.groups; ++i) {
    if (has_checksums() && descriptor(i).checksum != descriptor_checksum(i)) return fail(errc::corrupt);
    const group_descriptor& d = descriptor(i);
    group& g = groups_[i];
    g.block_bitmap = join(wide ? static_cast<u32>(d.block_bitmap_high) : 0, d.block_bitmap_low);
    g.inode_bitmap = join(wide ? static_cast<u32>(d.inode_bitmap_high) : 0, d.inode_bitmap_low);
    g.inode_table = join(wide ? static_cast<u32>(d.inode_table_high) : 0, d.inode_table_low);
    if (!geometry_.is_data_block(g.block_bitmap) || !geometry_.is_data_block(g.inode_bitmap) || !geometry_.is_data_block(g.inode_table) ||
        geometry_.inode_table_blocks() > geometry_.blocks - g.inode_table)
      return fail(errc::corrupt);
    if (free_blocks_of(i) > geometry_.blocks_in_group(i) || free_inodes_of(i) > geometry_.inodes_per_group) return fail(errc::corrupt);
    blocks += free_blocks_of(i);
    inodes += free_inodes_of(i);
  }
  free_blocks_ = blocks;
  free_inodes_ = inodes;
  return {};
}

/// What the bitmap of a group is whose descriptor says that it was never written: the metadata in it, and the end.
void groups::fill_unused_bitmap(u32 group, u8* bits) const {
  const u32 count = geometry_.blocks_in_group(group);
  __builtin_memset(bits, 0, geometry_.block_size);
  const u64 start = geometry_.group_start(group);
  const auto mark = [&](u64 block, u64 blocks) {
    for (u64 b = block; b < block + blocks; ++b)
      if (b >= start && b < start + count) set_bit(bits, static_cast<u32>(b - start));
  };
  if (geometry_.has_super_backup(group)) mark(start, 1 + geometry_.descriptor_blocks() + geometry_.reserved_descriptor_blocks);
  for (const auto& g : groups_) {
    mark(g.block_bitmap, 1);
    mark(g.inode_bitmap, 1);
    if (g.inode_table < start + count && g.inode_table + geometry_.inode_table_blocks() > start) mark(g.inode_table, geometry_.inode_table_blocks());
  }
  for (u32 i = count; i < geometry_.block_size * 8; ++i) set_bit(bits, i);
}

result<> groups::check_bitmap(u32 group, const block_ref& b, bool inodes) {
  if (b->verified.load(std::memory_order_relaxed) || !geometry_.checksums) return {};
  const group_descriptor& d = descriptor(group);
  const bool wide = geometry_.descriptor_size > short_descriptor_size;
  const u32 sum = crc32c(geometry_.seed, b->data, (inodes ? geometry_.inodes_per_group : geometry_.blocks_per_group) / 8);
  const u32 low = inodes ? d.inode_bitmap_checksum_low : d.block_bitmap_checksum_low;
  const u32 high = inodes ? d.inode_bitmap_checksum_high : d.block_bitmap_checksum_high;
  if ((sum & 0xffff) != low || (wide && sum >> 16 != high)) {
    if (!groups_[group].damaged) log::error("ext4: the bitmaps of group {} are damaged; it is not used", group);
    groups_[group].damaged = true;
    return fail(errc::corrupt);
  }
  b->verified.store(true, std::memory_order_relaxed);
  return {};
}

result<block_ref> groups::block_bitmap(u32 group) {
  if (has_checksums() && descriptor(group).flags & group_flag::blocks_unused) {
    // Once made it is changed by take() only, which clears the flag.
    block_ref b = TRY(cache_.get_new(groups_[group].block_bitmap));
    fill_unused_bitmap(group, b->data);
    return b;
  }
  block_ref b = TRY(cache_.get(groups_[group].block_bitmap));
  TRY(check_bitmap(group, b, false));
  return b;
}

result<block_ref> groups::inode_bitmap(u32 group) {
  if (has_checksums() && descriptor(group).flags & group_flag::inodes_unused) {
    block_ref b = TRY(cache_.get_new(groups_[group].inode_bitmap));
    for (u32 i = geometry_.inodes_per_group; i < geometry_.block_size * 8; ++i) set_bit(b->data, i);
    return b;
  }
  block_ref b = TRY(cache_.get(groups_[group].inode_bitmap));
  TRY(check_bitmap(group, b, true));
  return b;
}

result<u8*> groups::blocked_bits(u32 group) {
  auto& blocked = groups_[group].blocked;
  if (!blocked) {
    auto made = TRY(osv::make_unique<buffer<u8>>());
    *made = TRY(buffer<u8>::create(geometry_.block_size));
    blocked = std::move(made);
  }
  return blocked->data();
}

/// The first run of `wanted` free blocks from `from` on, or the longest: into `best` if it is longer. True if it is as wanted.
bool groups::search(u32 group, const u8* bits, u32 from, u32 wanted, block_run& best) const {
  const u32 count = geometry_.blocks_in_group(group);
  const u8* blocked = groups_[group].blocked ? groups_[group].blocked->data() : nullptr;
  for (u32 i = from; i < count;) {
    const u8 used = static_cast<u8>(bits[i / 8] | (blocked ? blocked[i / 8] : 0));
    if (used == 0xff && i % 8 == 0) {
      i += 8;
      continue;
    }
    if (used >> (i % 8) & 1) {
      ++i;
      continue;
    }
    u32 run = 1;
    while (run < wanted && i + run < count && !bit(bits, i + run) && !(blocked && bit(blocked, i + run))) ++run;
    if (run > best.count) best = {geometry_.group_start(group) + i, run};
    if (run == wanted) return true;
    i += run + 1;
  }
  return false;
}

result<block_run> groups::reserve(u64 goal, u32 wanted) {
  if (!geometry_.is_data_block(goal)) goal = geometry_.first_data_block + 1;
  if (wanted > geometry_.blocks_per_group) wanted = geometry_.blocks_per_group;
  const u32 first = geometry_.group_of_block(goal);
  block_run best;
  for (u32 i = 0; i <= geometry_.groups; ++i) {
    const u32 group = (first + i) % geometry_.groups;
    if (groups_[group].damaged || !free_blocks_of(group)) continue;
    auto bits = block_bitmap(group);
    if (!bits.ok() && bits.error() == errc::corrupt) continue;
    block_ref b = TRY(bits);
    const u32 from = i == 0 ? static_cast<u32>(goal - geometry_.group_start(group)) : 0;
    if (search(group, b->data, from, wanted, best)) break;
    // A run that is long enough ends the search, however much was wanted: small files need not visit every group.
    constexpr u32 good_enough = 256;
    if (best.count >= good_enough) break;
  }
  if (!best.count) return fail(errc::no_space);
  const u32 group = geometry_.group_of_block(best.start);
  u8* blocked = TRY(blocked_bits(group));
  for (u32 i = 0; i < best.count; ++i) set_bit(blocked, static_cast<u32>(best.start - geometry_.group_start(group)) + i);
  return best;
}

void groups::make_available(block_run run) {
  const u32 group = geometry_.group_of_block(run.start);
  if (!groups_[group].blocked) return;
  for (u32 i = 0; i < run.count; ++i) clear_bit(groups_[group].blocked->data(), static_cast<u32>(run.start - geometry_.group_start(group)) + i);
}

void groups::unreserve(block_run run) { make_available(run); }

result<> groups::take(operation& op, block_run run) {
  const u32 group = geometry_.group_of_block(run.start);
  block_ref bits = TRY(block_bitmap(group));
  TRY(op.change(bits));
  TRY(op.change(descriptor_block(group)));
  const u32 from = static_cast<u32>(run.start - geometry_.group_start(group));
  for (u32 i = 0; i < run.count; ++i) {
    if (bit(bits->data, from + i)) return fail(errc::corrupt);
    set_bit(bits->data, from + i);
  }
  const u32 free = free_blocks_of(group);
  if (free < run.count) return fail(errc::corrupt);
  set_free_blocks(group, free - run.count);
  group_descriptor& d = descriptor(group);
  d.flags = static_cast<u16>(d.flags & ~group_flag::blocks_unused);
  groups_[group].changed = true;
  op.count_blocks(-static_cast<i64>(run.count));
  // Its bit on disk keeps it from now on; if the operation fails, it is just free.
  make_available(run);
  return {};
}

result<u64> groups::allocate(operation& op, u64 goal) {
  const block_run run = TRY(reserve(goal, 1));
  auto taken = take(op, run);
  if (!taken.ok()) {
    unreserve(run);
    return fail(taken.error());
  }
  return run.start;
}

result<> groups::free(operation& op, block_run run, bool metadata) {
  while (run.count) {
    if (!geometry_.is_data_block(run.start) || run.count > geometry_.blocks - run.start) return fail(errc::corrupt);
    const u32 group = geometry_.group_of_block(run.start);
    const u32 from = static_cast<u32>(run.start - geometry_.group_start(group));
    const u32 left = geometry_.blocks_in_group(group) - from;
    const u32 count = run.count < left ? run.count : left;
    block_ref bits = TRY(block_bitmap(group));
    TRY(op.change(bits));
    TRY(op.change(descriptor_block(group)));
    u8* blocked = TRY(blocked_bits(group));
    for (u32 i = 0; i < count; ++i)
      if (!bit(bits->data, from + i)) return fail(errc::corrupt);
    TRY(op.freed({run.start, count}, metadata));
    for (u32 i = 0; i < count; ++i) {
      clear_bit(bits->data, from + i);
      set_bit(blocked, from + i);
    }
    set_free_blocks(group, free_blocks_of(group) + count);
    groups_[group].changed = true;
    op.count_blocks(count);
    run.start += count;
    run.count -= count;
  }
  return {};
}

result<u32> groups::take_inode_in(operation& op, u32 group, bool directory) {
  if (groups_[group].damaged || !free_inodes_of(group)) return 0u;
  auto got = inode_bitmap(group);
  if (!got.ok() && got.error() == errc::corrupt) return 0u;
  block_ref bits = TRY(got);
  u32 i = group == 0 ? geometry_.first_inode - 1 : 0;
  while (i < geometry_.inodes_per_group && bit(bits->data, i)) ++i;
  if (i == geometry_.inodes_per_group) return 0u;
  TRY(op.change(bits));
  TRY(op.change(descriptor_block(group)));
  set_bit(bits->data, i);
  set_free_inodes(group, free_inodes_of(group) - 1);
  if (directory) set_directories(group, directories_of(group) + 1);
  group_descriptor& d = descriptor(group);
  if (has_checksums()) {
    const bool fresh = d.flags & group_flag::inodes_unused;
    d.flags = static_cast<u16>(d.flags & ~group_flag::inodes_unused);
    const u32 behind = geometry_.inodes_per_group - i - 1;
    if (fresh || unused_inodes_of(group) > behind) set_unused_inodes(group, behind);
  }
  groups_[group].changed = true;
  op.count_inodes(-1);
  return group * geometry_.inodes_per_group + i + 1;
}

result<u32> groups::allocate_inode(operation& op, u32 near, bool directory) {
  const u32 first = (near - 1) / geometry_.inodes_per_group;
  for (u32 i = 0; i < geometry_.groups; ++i)
    if (const u32 number = TRY(take_inode_in(op, (first + i) % geometry_.groups, directory))) return number;
  return fail(errc::no_space);
}

result<> groups::free_inode(operation& op, u32 number, bool directory) {
  const u32 group = (number - 1) / geometry_.inodes_per_group, i = (number - 1) % geometry_.inodes_per_group;
  if (number < geometry_.first_inode || group >= geometry_.groups) return fail(errc::corrupt);
  block_ref bits = TRY(inode_bitmap(group));
  TRY(op.change(bits));
  TRY(op.change(descriptor_block(group)));
  if (!bit(bits->data, i)) return fail(errc::corrupt);
  clear_bit(bits->data, i);
  set_free_inodes(group, free_inodes_of(group) + 1);
  if (directory && directories_of(group)) set_directories(group, directories_of(group) - 1);
  groups_[group].changed = true;
  op.count_inodes(1);
  return {};
}

result<u64> groups::inode_offset(u32 number) const {
  if (number == 0 || number > geometry_.inodes) return fail(errc::corrupt);
  const u32 group = (number - 1) / geometry_.inodes_per_group, i = (number - 1) % geometry_.inodes_per_group;
  return groups_[group].inode_table * geometry_.block_size + static_cast<u64>(i) * geometry_.inode_size;
}

bool groups::inode_in_use(u32 number) {
  const u32 group = (number - 1) / geometry_.inodes_per_group;
  auto bits = inode_bitmap(group);
  return bits.ok() && bit((*bits)->data, (number - 1) % geometry_.inodes_per_group);
}

bool groups::is_reserved(block_run run) const {
  if (!geometry_.is_data_block(run.start) || run.count > geometry_.blocks - run.start) return true;
  const u64 end = run.start + run.count;
  const auto meets = [&](u64 start, u64 count) { return start < end && run.start < start + count; };
  // With flexible groups the metadata of a group may lie in any.
  for (const group& g : groups_)
    if (meets(g.block_bitmap, 1) || meets(g.inode_bitmap, 1) || meets(g.inode_table, geometry_.inode_table_blocks())) return true;
  for (u32 i = geometry_.group_of_block(run.start); i <= geometry_.group_of_block(end - 1); ++i)
    if (geometry_.has_super_backup(i) && meets(geometry_.group_start(i), 1 + geometry_.descriptor_blocks())) return true;
  return false;
}

void groups::refresh_checksums() {
  if (!has_checksums()) return;
  const bool wide = geometry_.descriptor_size > short_descriptor_size;
  for (u32 i = 0; i < geometry_.groups; ++i) {
    if (!groups_[i].changed) continue;
    groups_[i].changed = false;
    group_descriptor& d = descriptor(i);
    if (geometry_.checksums) {
      // A changed bitmap is in the cache: the running transaction holds it.
      if (auto bits = block_bitmap(i); bits.ok() && !(d.flags & group_flag::blocks_unused)) {
        const u32 sum = crc32c(geometry_.seed, (*bits)->data, geometry_.blocks_per_group / 8);
        d.block_bitmap_checksum_low = static_cast<u16>(sum);
        if (wide) d.block_bitmap_checksum_high = static_cast<u16>(sum >> 16);
      }
      if (auto bits = inode_bitmap(i); bits.ok() && !(d.flags & group_flag::inodes_unused)) {
        const u32 sum = crc32c(geometry_.seed, (*bits)->data, geometry_.inodes_per_group / 8);
        d.inode_bitmap_checksum_low = static_cast<u16>(sum);
        if (wide) d.inode_bitmap_checksum_high = static_cast<u16>(sum >> 16);
      }
    }
    d.checksum = descriptor_checksum(i);
  }
}

u64 groups::goal_of_inode(u32 number) const { return geometry_.group_start((number - 1) / geometry_.inodes_per_group % geometry_.groups) + 1; }

u64 groups::overhead() const {
  u64 blocks = geometry_.first_data_block;
  for (u32 i = 0; i < geometry_.groups; ++i)
    if (geometry_.has_super_backup(i)) blocks += 1 + geometry_.descriptor_blocks() + geometry_.reserved_descriptor_blocks;
  return blocks + static_cast<u64>(geometry_.groups) * (2 + geometry_.inode_table_blocks());
}

}  // namespace osv::vfs::ext4
