// Block groups: their descriptors and bitmaps, and the finding, taking and giving back of blocks and inodes.
// All calls with the operation lock held, but for the counters.
#pragma once

#include "vfs/ext4/geometry.hh"
#include "vfs/ext4/journal.hh"
#include "vfs/ext4/operation.hh"

namespace osv::vfs::ext4 {

class groups : pinned {
 public:
  groups(block_cache& cache, const geometry& g) : cache_(cache), geometry_(g) {}
  /// Reads and checks every descriptor. EUCLEAN.
  result<> load();

  u64 free_blocks() const { return free_blocks_.load(std::memory_order_relaxed); }
  u64 free_inodes() const { return free_inodes_.load(std::memory_order_relaxed); }
  void adjust(i64 blocks, i64 inodes) {
    free_blocks_.fetch_add(static_cast<u64>(blocks), std::memory_order_relaxed);
    free_inodes_.fetch_add(static_cast<u64>(inodes), std::memory_order_relaxed);
  }

  /// A run of free blocks, at most `wanted`, near `goal`, kept for the caller: take() it or unreserve() it. ENOSPC.
  result<block_run> reserve(u64 goal, u32 wanted);
  void unreserve(block_run run);
  /// Marks a reserved run as used.
  result<> take(operation& op, block_run run);
  /// One block of metadata: reserved and taken.
  result<u64> allocate(operation& op, u64 goal);
  /// EUCLEAN when some of it is free already, or no data block.
  result<> free(operation& op, block_run run, bool metadata);
  /// Blocks of `run` can be given out again.
  void make_available(block_run run);
  /// Called by operation when a free() is undone.
  void undo_free(block_run run) { make_available(run); }

  /// A free inode near `near`'s group; its number. Marked as used. ENOSPC.
  result<u32> allocate_inode(operation& op, u32 near, bool directory);
  result<> free_inode(operation& op, u32 number, bool directory);
  /// Device offset (bytes) of an inode; EUCLEAN for a number that cannot be.
  result<u64> inode_offset(u32 number) const;
  bool inode_in_use(u32 number);

  /// Whether some block of `run` is no file's: a damaged pointer must not lead a write there. No lock needed.
  bool is_reserved(block_run run) const;

  /// Brings the checksums of what changed up to date; before every commit.
  void refresh_checksums();
  u64 goal_of_inode(u32 number) const;
  /// Blocks that no file can ever have.
  u64 overhead() const;

 private:
  struct group {
    u64 block_bitmap = 0, inode_bitmap = 0, inode_table = 0;
    unique<buffer<u8>> blocked;  // bits of blocks that are free on disk and must not be given out now
    bool changed = false;
    bool damaged = false;  // a bitmap could not be believed
  };
  group_descriptor& descriptor(u32 group) const;
  const block_ref& descriptor_block(u32 group) const { return descriptor_blocks_[group / geometry_.descriptors_per_block()]; }
  u16 descriptor_checksum(u32 group) const;
  u32 free_blocks_of(u32 group) const;
  u32 free_inodes_of(u32 group) const;
  void set_free_blocks(u32 group, u32 count);
  void set_free_inodes(u32 group, u32 count);
  u32 directories_of(u32 group) const;
  void set_directories(u32 group, u32 count);
  u32 unused_inodes_of(u32 group) const;
  void set_unused_inodes(u32 group, u32 count);
  bool has_checksums() const { return geometry_.checksums || geometry_.group_checksums; }
  result<block_ref> block_bitmap(u32 group);
  result<block_ref> inode_bitmap(u32 group);
  void fill_unused_bitmap(u32 group, u8* bits) const;
  result<> check_bitmap(u32 group, const block_ref& b, bool inodes);
  result<u8*> blocked_bits(u32 group);
  bool search(u32 group, const u8* bits, u32 from, u32 wanted, block_run& best) const;
  result<u32> take_inode_in(operation& op, u32 group, bool directory);

  block_cache& cache_;
  const geometry& geometry_;
  vector<block_ref> descriptor_blocks_;
  vector<group> groups_;
  std::atomic<u64> free_blocks_{0}, free_inodes_{0};
};

}  // namespace osv::vfs::ext4
