// Metadata blocks in memory. A block that a transaction changed stays until the change is at its place on the disk:
//   data       what the file system works with
//   committed  what the log holds durably and the block's own place does not yet; written there by a checkpoint
//   spare      room for the next `committed`, taken when a change begins, so that a commit needs no memory
#pragma once

#include "base/list.hh"
#include "base/memory.hh"
#include "sync/mutex.hh"
#include "vfs/ext4/disk.hh"

namespace osv::vfs::ext4 {

struct cached_block : pinned {
  explicit cached_block(u64 number) : number(number) {}
  ~cached_block() {
    delete[] data;
    delete[] committed;
    delete[] spare;
  }
  const u64 number;
  u8* data = nullptr;
  u8* committed = nullptr;  // the journal's commit lock
  u8* spare = nullptr;      // the volume's operation lock, as `running`
  bool running = false;     // changed by the running transaction
  std::atomic<bool> loaded{false};
  std::atomic<bool> verified{false};  // its checksum was looked at, or it was made here
  std::atomic<u32> users{0};          // the cache's lock makes 0 → 1
  sync::mutex load_lock;
  list_hook age_hook;         // cache's lock
  cached_block* next = nullptr;
  list_hook running_hook;     // operation lock
  list_hook commit_hook;      // commit lock
  list_hook checkpoint_hook;  // commit lock
};

/// A pin: the block stays in memory as long as it lives.
class block_ref {
 public:
  block_ref() = default;
  explicit block_ref(cached_block* pinned) : block_(pinned) {}
  block_ref(const block_ref& other) : block_(other.block_) {
    if (block_) block_->users.fetch_add(1, std::memory_order_relaxed);
  }
  block_ref(block_ref&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  block_ref& operator=(block_ref other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~block_ref() {
    if (block_) block_->users.fetch_sub(1, std::memory_order_release);
  }
  explicit operator bool() const { return block_ != nullptr; }
  cached_block& operator*() const { return *block_; }
  cached_block* operator->() const { return block_; }
  template <typename T = u8>
  T* as(usize offset = 0) const {
    return reinterpret_cast<T*>(block_->data + offset);
  }

 private:
  cached_block* block_ = nullptr;
};

class block_cache : pinned {
 public:
  block_cache(disk& from, u32 block_size);
  ~block_cache();

  /// The block with its bytes. EIO, ENOMEM.
  result<block_ref> get(u64 number);
  /// The block for one who will write all of it: not read, all zero.
  result<block_ref> get_new(u64 number);
  u32 block_size() const { return block_size_; }

 private:
  static constexpr usize buckets = 1024;
  result<block_ref> find_or_add(u64 number);
  void evict();  // lock held

  disk& disk_;
  u32 block_size_;
  sync::mutex lock_;
  cached_block* table_[buckets] = {};
  list<cached_block, &cached_block::age_hook> by_age_;
  usize count_ = 0;
  usize blocks_max_;  // that are kept though nobody uses them
};

}  // namespace osv::vfs::ext4
