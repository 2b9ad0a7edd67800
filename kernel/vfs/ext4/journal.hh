// The log of the volume (jbd2). One transaction runs; a commit copies what it changed, writes the copies to the log and a
// commit record behind them; a checkpoint writes committed copies to their places and empties the log.
//
// Order of writes that everything rests on: file data and log blocks → flush → commit record → flush → places → flush → the
// log's super block with the new start. Data is written before the transaction that refers to it is changed, so that a
// commit need not wait for any.
//
// Lock order: commit lock → operation lock (volume.hh).
#pragma once

#include "vfs/ext4/block_cache.hh"
#include "vfs/ext4/geometry.hh"
#include "vfs/ext4/journal_format.hh"

namespace osv::vfs::ext4 {

/// A run of blocks on the device.
struct block_run {
  u64 start = 0;
  u32 count = 0;
};

/// The log as the disk has it: where its blocks lie and what its super block says.
struct journal_place {
  vector<block_run> runs;
  u32 block_size = 0;
  u32 blocks = 0;
  result<u64> block(u32 index) const;  // EUCLEAN beyond its end
};

/// What journal_super says, checked; EUCLEAN, ENOTSUP.
result<> check_journal_super(const journal_super& super, const journal_place& place);
u32 journal_checksum_seed(const journal_super& super);
u32 journal_super_checksum(const journal_super& super);
/// Bytes of a tag with these features.
usize tag_bytes(u32 features);

/// Writes every committed transaction of the log to its place. `next_sequence` is what the next transaction may be called.
/// EUCLEAN when a committed block is damaged; blocks before it may have been written.
result<> replay_journal(disk& to, const journal_place& place, const geometry& volume, u32& next_sequence);

class journal : pinned {
 public:
  static result<unique<journal>> open(disk& on, const geometry& volume, journal_place place, u32 next_sequence);
  /// Use open().
  journal(disk& on, journal_place place) : disk_(on), place_(std::move(place)) {}
  ~journal();

  /// Blocks that one operation may change, at most; a transaction ends when it has more than so many.
  usize operation_max() const { return operation_max_; }

  // Operation lock held.
  /// `b` is changed by the running transaction from now on. ENOMEM.
  result<> join(cached_block& b);
  /// Undoes join of a block that was new: it is nobody's now.
  void leave(cached_block& b);
  bool is_running() const { return !running_.empty(); }
  usize running_count() const { return running_count_; }
  /// Takes the running transaction over for write(): copies every block. Returns how many.
  usize take_running();

  // Commit lock held, operation lock not.
  /// Whether write() has room for the largest transaction; if not, checkpoint() first.
  bool has_room() const { return used_ + transaction_blocks_max() <= log_blocks() && checkpoint_count_ <= checkpoint_max_; }
  /// Writes what take_running took. After an error the journal is dead.
  result<> write();
  /// Writes all committed blocks to their places; the log is empty then.
  result<> checkpoint();
  /// checkpoint(), and the log says that it is empty.
  result<> close();
  bool empty() const { return used_ == 0; }

 private:
  static constexpr usize staging_blocks = 64;
  u32 log_blocks() const { return place_.blocks - first_; }
  /// A descriptor is staged together with the blocks that it names.
  usize blocks_per_descriptor() const { return tags_per_block() < staging_blocks - 1 ? tags_per_block() : staging_blocks - 1; }
  u32 transaction_blocks_max() const { return static_cast<u32>(2 * operation_max_ + 2 * operation_max_ / blocks_per_descriptor() + 8); }
  usize tags_per_block() const;
  result<> write_super(u32 start);
  result<> write_places();
  /// Room for one more block of the log, at its head; zeroed. send_staged() writes what is staged.
  result<u8*> stage();
  result<> send_staged();
  result<> write_log();
  result<> write_descriptor(cached_block*& from);
  void put_tag(u8* at, const cached_block& b, const u8* logged, u32 flags) const;
  result<> write_commit_record();
  bool checksums() const { return super_.incompatible & journal_feature::checksum_v3; }
  u32 next_index(u32 index) const { return index + 1 >= place_.blocks ? first_ : index + 1; }

  disk& disk_;
  journal_place place_;
  journal_super super_;
  u32 first_ = 1;
  u32 seed_ = 0;
  u32 sequence_ = 1;  // of the next transaction to be written
  u32 head_ = 1;      // the log block it starts at
  u32 used_ = 0;      // log blocks that hold what is not checkpointed
  usize operation_max_ = 0;
  bool dead_ = false;
  buffer<u8> staging_;
  usize staged_ = 0;
  u32 staged_from_ = 0;  // log index of the first staged block
  list<cached_block, &cached_block::running_hook> running_;
  usize running_count_ = 0;
  list<cached_block, &cached_block::commit_hook> committing_;
  list<cached_block, &cached_block::checkpoint_hook> checkpoint_;
  usize checkpoint_count_ = 0;
  usize checkpoint_max_ = 0;  // copies that memory is good for
};

}  // namespace osv::vfs::ext4
