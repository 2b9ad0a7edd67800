// The tree of extents on disk. It is read whole, and written in one shape: full leaves in order, below one or two levels of
// index. Only leaves from the first changed extent on are written.
#include "vfs/ext4/checksum.hh"
#include "vfs/ext4/node.hh"
#include "vfs/ext4/volume.hh"

namespace osv::vfs::ext4 {

namespace {
constexpr usize inline_extents = 4;  // in the inode
}

result<> node::load_tree(const u8* bytes, usize size, unsigned depth, u64 own_block) {
  const auto& header = *reinterpret_cast<const extent_header*>(bytes);
  const usize capacity = (size - sizeof header) / sizeof(extent_record);
  if (header.magic != extent_magic || header.depth != depth || header.entries > header.entries_max || header.entries_max > capacity)
    return fail(errc::corrupt);
  const geometry& shape = of().shape();
  if (own_block) TRY((depth ? index_blocks_ : leaf_blocks_).push_back(own_block));
  if (depth == 0) {
    // The last leaf may be short: only one behind it shows that the tree is not of our shape.
    if (own_block && extents_.size() % capacity) tree_is_foreign_ = true;
    for (usize i = 0; i < header.entries; ++i) {
      const auto& r = reinterpret_cast<const extent_record*>(bytes + sizeof header)[i];
      const bool unwritten = r.length > extent_length_max;
      const u32 length = unwritten ? r.length - extent_length_max : static_cast<u32>(r.length);
      const u64 physical = join(r.start_high, r.start_low);
      if (!length || of().groups().is_reserved({physical, length})) return fail(errc::corrupt);
      TRY(extents_.append({r.block, length, physical, unwritten}));
    }
    return {};
  }
  for (usize i = 0; i < header.entries; ++i) {
    const auto& r = reinterpret_cast<const extent_index*>(bytes + sizeof header)[i];
    const u64 child = join(r.leaf_high, r.leaf_low);
    if (of().groups().is_reserved({child, 1})) return fail(errc::corrupt);
    block_ref block = TRY(of().block(child));
    if (shape.checksums && !block->verified.load(std::memory_order_relaxed)) {
      const auto& below = *reinterpret_cast<const extent_header*>(block->data);
      if (below.entries_max > tree_capacity()) return fail(errc::corrupt);
      const usize tail = sizeof below + below.entries_max * sizeof(extent_record);
      if (tail + 4 > block_size()) return fail(errc::corrupt);
      if (crc32c(checksum_seed(), block->data, tail) != *block.as<le32>(tail)) return fail(errc::corrupt);
      block->verified.store(true, std::memory_order_relaxed);
    }
    const usize before = extents_.size();
    TRY(load_tree(block->data, block_size(), depth - 1, child));
    // Every block brings extents that lie behind the ones before: a loop, or a block in two places, ends here.
    if (extents_.size() == before || extents_[before].logical < r.block) return fail(errc::corrupt);
  }
  return {};
}

result<> node::load_extents() {
  if (extents_loaded_) return {};
  extents_.clear();
  leaf_blocks_.clear();
  index_blocks_.clear();
  tree_is_foreign_ = false;
  const disk_inode_record r = record();
  if (!(r.flags & inode_flag::extents)) {
    // An inode of ext2 or ext3 maps its blocks in another way. One without blocks has nothing to map.
    for (u8 byte : r.block)
      if (byte) return fail(errc::not_supported);
    extents_loaded_ = true;
    return {};
  }
  const auto& header = *reinterpret_cast<const extent_header*>(r.block);
  if (header.depth > extent_depth_max) return fail(errc::corrupt);
  TRY(load_tree(r.block, sizeof r.block, header.depth, 0));
  if (header.depth > 2) tree_is_foreign_ = true;
  extents_loaded_ = true;
  return {};
}

result<mapped_run> node::map(u64 block) {
  if (block > ~0u - 1) return mapped_run{0, 1, false};
  sync::mutex_guard g(map_lock_);
  TRY(load_extents());
  return extents_.find(static_cast<u32>(block));
}

u64 node::allocation_goal(u32 logical) {
  sync::mutex_guard g(map_lock_);
  if (extents_loaded_ && extents_.size()) {
    usize i = extents_.first_behind(logical);
    if (i) {
      const extent& e = extents_[i - 1];
      return e.physical + e.length;
    }
  }
  return of().groups().goal_of_inode(id());
}

/// Gives back tree blocks that are too many, or takes new ones.
result<> node::resize_tree(operation& op, vector<u64>& blocks, usize wanted) {
  while (blocks.size() > wanted) {
    TRY(of().groups().free(op, {blocks.back(), 1}, true));
    blocks.pop_back();
    add_blocks(-1);
  }
  while (blocks.size() < wanted) {
    const u64 goal = blocks.empty() ? of().groups().goal_of_inode(id()) : blocks.back() + 1;
    const u64 made = TRY(of().groups().allocate(op, goal));
    TRY(blocks.push_back(made));
    (void)TRY(op.change_new(made));
    add_blocks(1);
  }
  return {};
}

void node::seal_tree_block(u8* at) const {
  if (!of().shape().checksums) return;
  const usize tail = sizeof(extent_header) + tree_capacity() * sizeof(extent_record);
  *reinterpret_cast<le32*>(at + tail) = crc32c(checksum_seed(), at, tail);
}

void node::fill_leaf(u8* at, usize first, usize count, unsigned entries_max) {
  auto& header = *reinterpret_cast<extent_header*>(at);
  header = {extent_magic, static_cast<u16>(count), static_cast<u16>(entries_max), 0, 0};
  for (usize i = 0; i < count; ++i) {
    const extent& e = extents_[first + i];
    auto& r = reinterpret_cast<extent_record*>(at + sizeof header)[i];
    r.block = e.logical;
    r.length = static_cast<u16>(e.length + (e.unwritten ? extent_length_max : 0));
    r.start_high = static_cast<u16>(e.physical >> 32);
    r.start_low = static_cast<u32>(e.physical);
  }
}

/// Entries for children[first…first + count); child k begins with extent k * extents_per_child.
void node::fill_index(u8* at, const vector<u64>& children, usize first, usize count, usize extents_per_child, unsigned depth, unsigned entries_max) {
  auto& header = *reinterpret_cast<extent_header*>(at);
  header = {extent_magic, static_cast<u16>(count), static_cast<u16>(entries_max), static_cast<u16>(depth), 0};
  for (usize i = 0; i < count; ++i) {
    auto& r = reinterpret_cast<extent_index*>(at + sizeof header)[i];
    r.block = extents_[(first + i) * extents_per_child].logical;
    r.leaf_low = static_cast<u32>(children[first + i]);
    r.leaf_high = static_cast<u16>(children[first + i] >> 32);
    r.unused = 0;
  }
}

result<> node::store_extents(operation& op, usize changed_from) {
  const usize n = extents_.size(), capacity = tree_capacity();
  if (tree_is_foreign_) changed_from = 0;
  const usize leaves = n <= inline_extents ? 0 : (n + capacity - 1) / capacity;
  const usize indexes = leaves <= inline_extents ? 0 : (leaves + capacity - 1) / capacity;
  // More pieces than two levels hold: a file of very many holes.
  if (indexes > inline_extents) return fail(errc::no_space);
  const usize leaves_before = leaf_blocks_.size();
  TRY(resize_tree(op, index_blocks_, indexes));
  TRY(resize_tree(op, leaf_blocks_, leaves));
  const auto max = static_cast<unsigned>(capacity);
  usize from = changed_from / capacity;
  if (from > leaves_before) from = leaves_before;
  for (usize i = from; i < leaves; ++i) {
    block_ref block = TRY(of().block(leaf_blocks_[i]));
    TRY(op.change(block));
    const usize first = i * capacity;
    fill_leaf(block->data, first, n - first < capacity ? n - first : capacity, max);
    seal_tree_block(block->data);
  }
  for (usize i = 0; i < indexes; ++i) {
    block_ref block = TRY(of().block(index_blocks_[i]));
    TRY(op.change(block));
    const usize first = i * capacity;
    fill_index(block->data, leaf_blocks_, first, leaves - first < capacity ? leaves - first : capacity, capacity, 1, max);
    seal_tree_block(block->data);
  }
  tree_is_foreign_ = false;
  u8 root[sizeof disk_inode_record{}.block] = {};
  if (indexes)
    fill_index(root, index_blocks_, 0, indexes, capacity * capacity, 2, inline_extents);
  else if (leaves)
    fill_index(root, leaf_blocks_, 0, leaves, capacity, 1, inline_extents);
  else
    fill_leaf(root, 0, n, inline_extents);
  sync::mutex_guard g(attribute_lock_);
  __builtin_memcpy(record_.block, root, sizeof root);
  record_.flags = record_.flags | inode_flag::extents;
  return {};
}

}  // namespace osv::vfs::ext4
