// The pages of one file by index: a radix tree of 64-way nodes (Knuth, volume 3, 6.3), with the reference that the file
// holds on each frame. Look-ups take the map's own spin lock for a few loads.
#pragma once

#include "base/function.hh"
#include "lock/spin_lock.hh"
#include "memory/frames.hh"

namespace osv::vfs {

class page_map : pinned {
 public:
  /// Pages beyond this index do not exist: 2^47 bytes, the most a program can map.
  static constexpr u64 index_max = (1ull << (47 - page_shift)) - 1;

  page_map() = default;
  ~page_map();

  /// The frame at `index` with a further reference, or nullptr.
  memory::frame* find(u64 index);
  bool contains(u64 index) {
    if (empty()) return false;
    lock::guard g(lock_);
    void** at = slot(index);
    return at && *at;
  }
  /// Whether `page` is what lies at `index`.
  bool holds(u64 index, const memory::frame& page) {
    lock::guard g(lock_);
    void** at = slot(index);
    return at && *at == &page;
  }
  bool empty() const { return count_.load(std::memory_order_relaxed) == 0; }
  u64 count() const { return count_.load(std::memory_order_relaxed); }

  /// Puts `page` at `index` (the map takes the caller's reference over), or, when somebody was first, returns that frame
  /// with a further reference and leaves `page` to the caller. nullptr: inserted. ENOMEM, EFBIG.
  result<memory::frame*> insert(u64 index, memory::frame* page);
  /// Takes `page` out if it is what lies at `index`; the map's reference goes to the caller.
  bool remove(u64 index, memory::frame* page);
  /// Drops every page at or above `index`. Returns how many.
  u64 remove_from(u64 index);
  /// Drops the pages of [first, end). Returns how many.
  u64 remove_range(u64 first, u64 end);
  /// The lowest index at or above `from` that has a page (or, with `present` false, has none); index_max + 1 if there is none.
  u64 next(u64 from, bool present = true);

  /// Walks pages from `hand` on, with the lock held, and takes out those for which `drop` says so, at most `at_most`;
  /// `hand` is left where it stopped, 0 at the end. `drop` must not sleep. False from try means the lock was taken.
  bool try_sweep(u64& hand, u64 at_most, memory::frame** dropped, u64& dropped_count, function_ref<bool(u64 index, memory::frame&)> drop);

 private:
  static constexpr unsigned bits = 6, ways = 1u << bits, levels_max = 6;  // 6 * 6 = 36 bits of index
  struct node {
    void* slots[ways] = {};
  };
  static u64 reach(unsigned levels) { return levels >= levels_max ? ~0ull : (1ull << (bits * levels)) - 1; }
  void** slot(u64 index);  // lock held; nullptr if there are no nodes down there
  memory::frame* first_from(u64& index);  // lock held

  lock::spin_lock lock_{lock::rank::page_cache};
  node* root_ = nullptr;
  unsigned levels_ = 0;
  std::atomic<u64> count_{0};
  static void destroy(node* n, unsigned levels);
};

}  // namespace osv::vfs
