// Where a file's blocks are: a sorted list in memory. The tree on disk is read into it and written from it (extent_tree.cc).
#pragma once

#include "base/function.hh"
#include "base/vector.hh"
#include "vfs/ext4/format.hh"

namespace osv::vfs::ext4 {

struct extent {
  u32 logical;
  u32 length;
  u64 physical;
  bool unwritten;  // allocated, reads as zero
  u32 end() const { return logical + length; }
};

/// What one look-up says about blocks from the asked-for one on.
struct mapped_run {
  u64 physical = 0;  // 0: a hole
  u32 length = 0;
  bool unwritten = false;
  bool readable() const { return physical && !unwritten; }
};

class extent_list {
 public:
  usize size() const { return list_.size(); }
  const extent& operator[](usize i) const { return list_[i]; }
  void clear() { list_.clear(); }
  /// Blocks behind the last extent: 0.
  u32 end() const { return list_.empty() ? 0 : list_[list_.size() - 1].end(); }

  /// Holes are as long as to the next extent.
  mapped_run find(u32 logical) const;
  /// Index of the first extent that ends behind `logical`.
  usize first_behind(u32 logical) const;

  // Changes. Each tells the index of the first extent that is not as it was. ENOMEM changes nothing.
  /// For readers of the tree: behind all others, or EUCLEAN.
  result<> append(const extent& e);
  /// Into a hole.
  result<usize> insert(extent e);
  /// [logical, logical + length) is unwritten in one extent, and becomes written.
  result<usize> mark_written(u32 logical, u32 length);
  /// Takes [first, end) out, the last extents first, at most `pieces_max` of them; each goes to `gone`. `end` becomes what
  /// is left to do: end == first when all is gone.
  result<usize> remove(u32 first, u32& end, usize pieces_max, function_ref<result<>(u64 physical, u32 length)> gone);

 private:
  result<> insert_at(usize i, const extent& e);
  /// Joins extent i with the next if they continue each other.
  bool join(usize i);
  vector<extent> list_;
};

}  // namespace osv::vfs::ext4
