// Tells a machine with too little memory from a slow one. Where the pages that a program touches do not fit, reclaim drops what
// the next instruction wants: the program runs, and gets nowhere, for ever. The measure is that of systemd-oomd
// (ManagedOOMMemoryPressure=): most of the time goes into reading again what was just dropped, and that for a while.
#pragma once

#include <atomic>

#include "base/types.hh"

namespace osv {

class refault_watch {
 public:
  /// A file page left memory. Any thread, also with locks held.
  void dropped(const void* cache, u64 index) {
    const u32 key = key_of(cache, index);
    dropped_[key % slots].store(key, std::memory_order_relaxed);
  }

  /// A file page is read: whether it left memory a short while ago.
  void read(const void* cache, u64 index) {
    const u32 key = key_of(cache, index);
    // Once for each time that it was dropped.
    u32 expected = key;
    if (dropped_[key % slots].compare_exchange_strong(expected, 0, std::memory_order_relaxed))
      refaults_.fetch_add(1, std::memory_order_relaxed);
  }

  /// Pages that were read again, since boot.
  u64 refaults() const { return refaults_.load(std::memory_order_relaxed); }

  /// A thread of the program had to wait from `begin` to `end` for such a page while `cached_pages` file pages were in memory.
  /// True if the program is not getting on.
  bool stalled(nanoseconds begin, nanoseconds end, u64 cached_pages) {
    // One thread does the sums; what others saw meanwhile does not matter.
    if (busy_.exchange(true, std::memory_order_acquire)) return false;
    const bool verdict = judge(begin, end, cached_pages);
    busy_.store(false, std::memory_order_release);
    return verdict;
  }

 private:
  static constexpr usize slots = 512;
  static constexpr nanoseconds window = second, patience = 20 * second;
  static constexpr unsigned stalled_percent = 60;
  /// Only a machine that has less than 1 MiB left for files is judged: there is no doubt about that one.
  static constexpr u64 cached_pages_max = 256;
  /// How often each page in memory was read again meanwhile. A slow disk alone does not make that.
  static constexpr u64 rounds_min = 16;

  static u32 key_of(const void* cache, u64 index) {
    const u64 mixed = (reinterpret_cast<uptr>(cache) ^ index << 20) * 0x9e3779b97f4a7c15;  // Knuth, volume 3, 6.4
    const u32 key = static_cast<u32>(mixed >> 32);
    return key ? key : 1;
  }

  bool judge(nanoseconds begin, nanoseconds end, u64 cached_pages) {
    if (window_begin_ == 0) window_begin_ = begin;
    spent_ += end - begin;
    const nanoseconds elapsed = end - window_begin_;
    if (elapsed >= window) {
      const bool bad = spent_ >= elapsed / 100 * stalled_percent && cached_pages <= cached_pages_max;
      bad_for_ = bad ? bad_for_ + elapsed : 0;
      if (!bad) bad_since_refaults_ = refaults();
      window_begin_ = end;
      spent_ = 0;
    }
    return bad_for_ >= patience && refaults() - bad_since_refaults_ >= rounds_min * cached_pages;
  }

  std::atomic<u32> dropped_[slots] = {};
  std::atomic<u64> refaults_{0};
  std::atomic<bool> busy_{false};
  // Of the thread that is busy.
  nanoseconds window_begin_ = 0, spent_ = 0, bad_for_ = 0;
  u64 bad_since_refaults_ = 0;
};

/// The machine's own.
inline constinit refault_watch file_refaults;

}  // namespace osv
