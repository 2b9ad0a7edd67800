// One change of the file system that happens whole or not at all. While it lives it is the only one: it holds the volume's
// operation lock. What it changed is restored unless finish() was called.
#pragma once

#include "vfs/ext4/block_cache.hh"
#include "vfs/ext4/journal.hh"

namespace osv::vfs::ext4 {

class volume;
class node;

class operation : pinned {
 public:
  /// Waits for its turn; a transaction that has become large is committed first.
  explicit operation(volume& on);
  ~operation();

  /// The volume may be changed: EROFS after an error or when mounted read-only. First call in every operation.
  result<> begin();
  /// From here on `b` may be written to. ENOMEM; ENOSPC when the operation became too large for the journal.
  result<> change(const block_ref& b);
  /// A block that was just allocated: zeroed, to be filled.
  result<block_ref> change_new(u64 number);
  /// The inode's record, and what it knows of its extents, are put back if the operation fails. ENOMEM.
  result<> change(node& n);
  /// Blocks or inodes came or went (negative: allocated).
  void count_blocks(i64 freed) { blocks_freed_ += freed; }
  i64 blocks_freed() const { return blocks_freed_; }
  void count_inodes(i64 freed) { inodes_freed_ += freed; }
  /// `run` belongs to nobody from now on; it can be given out again once the transaction is committed, a block of metadata
  /// once no copy of it is in the log any more. ENOMEM.
  result<> freed(block_run run, bool metadata);
  /// Everything stays. Writes the super block's counters.
  result<> finish();
  volume& on() const { return volume_; }

 private:
  struct saved_block {
    block_ref block;
    u8* before;  // null: a new block
    bool joined;
  };
  result<> save(const block_ref& b, bool is_new);
  void undo();

  volume& volume_;
  bool finished_ = false;
  bool locked_ = true;
  i64 blocks_freed_ = 0, inodes_freed_ = 0;
  usize freed_before_ = 0, freed_metadata_before_ = 0;
  vector<saved_block> blocks_;
  struct saved_node;
  vector<unique<saved_node>> nodes_;
};

}  // namespace osv::vfs::ext4
