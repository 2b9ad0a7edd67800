// A mounted ext4 volume: its parts, what is kept in memory for it, and the thread that writes things back.
//
// Lock order, outermost first:
//   directory_lock of inodes (vfs) → content lock of a node → commit lock → operation lock → a node's map lock
//   → its attribute lock → the block cache.
// A page fault takes a map lock at most: a write may be copying from a mapping of the very file that it writes to.
#pragma once

#include "vfs/ext4/block_cache.hh"
#include "vfs/ext4/groups.hh"
#include "vfs/ext4/journal.hh"
#include "vfs/inode.hh"
#include "vfs/inode_table.hh"

namespace osv::vfs::ext4 {

class node;

class volume final : public file_system {
 public:
  volume(devices::block_device& device, const geometry& g, bool read_only);
  ~volume() override;
  /// Reads what every use needs; replays the journal first and opens it, unless read-only.
  static result<ref<volume>> open(devices::block_device& device, bool read_only);

  // file_system
  result<ref<inode>> root() override;
  result<> status(file_system_status& out) override;
  result<> sync() override;
  void unmounted() override;
  void power_off() override;

  const geometry& shape() const { return geometry_; }
  ext4::disk& disk() { return disk_; }
  block_cache& cache() { return cache_; }
  ext4::groups& groups() { return groups_; }
  ext4::journal* journal() { return journal_.get(); }
  super_block& super() const { return *super_.as<super_block>(geometry_.super_block_offset()); }
  const block_ref& super_ref() const { return super_; }

  /// A metadata block that somebody's pointer names. EUCLEAN outside the volume.
  result<block_ref> block(u64 number);
  result<ref<node>> get(u32 number);
  void forget(node& gone);
  /// What operations lock.
  sync::mutex& operation_lock() { return operation_lock_; }

  /// EROFS when nothing may be changed, EIO after the volume failed.
  result<> check_writable() const;
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  /// The volume is not what it should be, or the device lost a write: nothing is written from now on.
  void mark_failed(const char* why);

  /// Makes everything durable that finished operations changed, and file data that was written before. No lock of an
  /// operation is held. EIO for ever after a failure.
  result<> commit();
  /// Commits and checkpoints, and removes files that nobody uses any more, so that all free blocks can be given out.
  result<> recover_space();

  /// groups::reserve with its lock; when there is none, after space was recovered.
  result<block_run> reserve(u64 goal, u32 wanted);
  void unreserve(block_run run);
  /// Blocks that writes were promised and that are not taken yet. ENOSPC.
  result<> promise(u64 blocks);
  /// Whether a name may have a block: writes keep what they were promised. ENOSPC. In an operation, for the one that `op` takes next.
  result<> check_spare(const operation& op) const;
  void keep_promise(u64 blocks) { promised_.fetch_sub(blocks, std::memory_order_relaxed); }

  /// Holds `n` alive until it is written back, or removed when its last name went.
  void keep(node& n);
  /// Files without a name, in the reverse order of the disk's list: the newest is last. Operation lock.
  vector<node*>& orphans() { return orphans_; }
  /// `n` is in the disk's list now if it has no name, or is out of it. After the operation that did so finished, in its lock.
  void note_orphan(node& n);
  void forget_orphan(node& n);
  /// Wakes the thread that writes back.
  void kick() {
    kicked_.store(true, std::memory_order_release);
    wake_.wake();
  }
  void count_dirty(i64 pages) { dirty_pages_.fetch_add(static_cast<u64>(pages), std::memory_order_relaxed); }
  /// More pages wait to be written than memory is good for.
  bool too_dirty() const { return dirty_pages_.load(std::memory_order_relaxed) > dirty_max_; }

  enum class round { orphans, everything, last };
  /// One round of the writer: removes files without a name that nobody uses; writes back what is dirty; `last`: removes them
  /// whoever still uses them. The first error; the rest is tried all the same.
  result<> write_back(round what);
  /// Blocks freed by the running transaction (operation lock).
  struct freed_run {
    block_run run;
    bool metadata;
  };
  vector<freed_run>& freed() { return freed_; }

 private:
  friend class node;
  result<> prepare();
  result<> open_journal();
  result<> write_super(u32 recover_flag);
  result<> remove_orphans();
  result<> commit_locked();
  result<> checkpoint_locked();
  result<> close(round what);
  node* take_kept(round what);
  template <typename Work>
  result<> for_kept(node* list, Work&& work);
  result<> remove_unused(round what);
  void run_writer();

  ext4::disk disk_;
  geometry geometry_;
  block_cache cache_;
  block_ref super_;
  ext4::groups groups_;
  unique<ext4::journal> journal_;
  inode_table<node> table_;
  ref<node> root_;
  u64 overhead_ = 0;

  sync::mutex round_lock_;   // before content locks
  sync::mutex orphan_lock_;  // after the content locks of files in use, before those of files without users
  sync::mutex commit_lock_;
  sync::mutex operation_lock_;
  vector<freed_run> freed_;      // operation lock
  vector<freed_run> committing_;  // commit lock: of the transaction that is being written
  vector<freed_run> in_log_;     // commit lock: metadata blocks whose old copies the log still has
  vector<node*> orphans_;
  std::atomic<bool> failed_{false}, closed_{false};

  lock::spin_lock kept_lock_{lock::rank::vfs_inode};
  node* kept_ = nullptr;
  std::atomic<u64> promised_{0}, dirty_pages_{0};
  u64 dirty_max_ = 0;
  sync::wait_queue wake_;
  std::atomic<bool> kicked_{false}, stop_{false}, writer_gone_{true};
};

}  // namespace osv::vfs::ext4
