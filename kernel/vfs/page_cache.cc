#include "vfs/page_cache.hh"

#include "base/refault_watch.hh"
#include "sync/wait_queue.hh"
#include "trace/count.hh"

namespace osv::vfs {

namespace {

// Bits of frame::owner_tag.
constexpr u16 page_loaded = 1, page_failed = 2, page_used = 4, page_without_memory = 8;  // the last with page_failed

std::atomic_ref<u16> state_of(memory::frame& page) { return std::atomic_ref<u16>(page.owner_tag); }

constexpr usize wait_queues = 16;
sync::wait_queue& queue_of(const memory::frame& page) {
  static sync::wait_queue queues[wait_queues];
  return queues[reinterpret_cast<uptr>(&page) / sizeof(memory::frame) % wait_queues];
}

/// Waits until another thread has read the page; takes the caller's reference over on failure.
result<memory::frame*> wait_loaded(memory::frame& page) {
  // acquire pairs with the release in finish(): the page's bytes are visible.
  const auto done = [&] { return state_of(page).load(std::memory_order_acquire) & (page_loaded | page_failed); };
  (void)queue_of(page).wait(done, never, false);
  const u16 state = state_of(page).load(std::memory_order_acquire);
  if (state & page_loaded) return &page;
  memory::release(page);
  return fail(state & page_without_memory ? errc::no_memory : errc::io);
}

}  // namespace

/// All page caches, so that reclaim finds them. The lock is taken before a map's and never while memory is allocated.
class page_cache_registry {
 public:
  void add(page_cache& cache) {
    lock::guard g(lock_);
    caches_.push_back(cache);
  }
  void remove(page_cache& cache) {
    lock::guard g(lock_);
    cache.hook_.unlink();
  }
  usize reclaim(usize bytes) {
    // Whoever holds the lock may be the thread that needs memory: never wait for it here.
    arch::disable_preemption();
    if (!lock_.try_acquire()) {
      arch::enable_preemption();
      return 0;
    }
    usize freed = 0;
    // The first round takes the marks of use away, the second finds what was not used since.
    for (unsigned round = 0; round < 2 && freed < bytes; ++round)
      for (page_cache& cache : caches_) {
        freed += cache.sweep(bytes - freed);
        if (freed >= bytes) break;
      }
    lock_.release();
    arch::enable_preemption();
    return freed;
  }

 private:
  lock::spin_lock lock_{lock::rank::page_cache};
  list<page_cache, &page_cache::hook_> caches_;
};

namespace {
page_cache_registry& registry() {
  static page_cache_registry instance;
  return instance;
}
}  // namespace

page_cache::page_cache(loader& from) : from_(from) { registry().add(*this); }

page_cache::~page_cache() {
  registry().remove(*this);
  memory::account(memory::usage::page_cache, -static_cast<i64>(pages_.count() * page_size));
}

result<memory::frame*> page_cache::get(u64 index) {
  if (memory::frame* page = pages_.find(index)) {
    const u16 state = state_of(*page).load(std::memory_order_acquire);
    if (!(state & page_used)) state_of(*page).fetch_or(page_used, std::memory_order_relaxed);
    trace::count(trace::counter::page_cache_hits);
    if (state & page_loaded) return page;
    return wait_loaded(*page);
  }
  if (index >= from_.page_count()) return fail(errc::range);
  file_refaults.read(this, index);
  trace::count(trace::counter::page_cache_misses);
  return read_cluster(index);
}

result<memory::frame*> page_cache::find(u64 index) {
  memory::frame* page = pages_.find(index);
  if (!page) return nullptr;
  if (state_of(*page).load(std::memory_order_acquire) & page_loaded) return page;
  return wait_loaded(*page);
}

result<memory::frame*> page_cache::put(u64 index, memory::frame* made) {
  // release: who finds the page sees its bytes.
  state_of(*made).store(page_loaded | page_used, std::memory_order_release);
  memory::retain(*made);
  auto inserted = pages_.insert(index, made);
  if (inserted.ok() && !inserted.value()) {
    memory::account(memory::usage::page_cache, page_size);
    return made;
  }
  memory::release(*made);
  memory::release(*made);
  return wait_loaded(*TRY(inserted));
}

void page_cache::drop(u64 first, u64 end) {
  const u64 gone = pages_.remove_range(first, end);
  memory::account(memory::usage::page_cache, -static_cast<i64>(gone * page_size));
}

/// Frames for one cluster, neighbours in memory where there is plenty of it: then the device needs one request.
class page_cache::frame_supply : pinned {
 public:
  ~frame_supply() {
    while (left_--) memory::release(*next_++);
  }
  /// A frame; the caller will want `wanted` in all from here on.
  result<memory::frame*> take(u64 wanted) {
    if (!left_) TRY(fill(wanted));
    --left_;
    return next_++;
  }

 private:
  result<> fill(u64 wanted) {
    unsigned order = 0;
    while (2ull << order <= wanted) ++order;
    const memory::frame_statistics s = memory::statistics();
    // Where memory is short, a block of some size would be bought with the eviction of much more.
    if (s.free_bytes < s.total_bytes / 16) order = 0;
    auto block = memory::allocate_frames(order);
    if (!block.ok() && order) block = memory::allocate_frames(order = 0);
    next_ = TRY(block);
    left_ = 1ull << order;
    if (order) memory::split(*next_);
    return {};
  }

  memory::frame* next_ = nullptr;
  usize left_ = 0;
};

/// A new frame at `index` (ours, to be loaded), or the one that somebody else put there. Either way with a reference.
result<page_cache::claim> page_cache::claim_page(u64 index, u64 wanted, frame_supply& frames) {
  memory::frame* page = TRY(frames.take(wanted));
  page->owner_tag = 0;
  memory::retain(*page);  // one reference for the map, one for the caller
  auto inserted = pages_.insert(index, page);
  if (inserted.ok() && !inserted.value()) {
    memory::account(memory::usage::page_cache, page_size);
    return claim{page, true};
  }
  memory::release(*page);
  memory::release(*page);
  return claim{TRY(inserted), false};
}

/// Where to start reading for a miss at `index`, and how many pages.
void page_cache::choose_window(u64 index, u64& first, u64& end) {
  constexpr u32 window_first = 8;
  u32 window = window_first;
  first = index;
  if (index != 0 && index == next_expected_.load(std::memory_order_relaxed)) {
    window = window_.load(std::memory_order_relaxed) * 2;
    if (window > cluster_max) window = cluster_max;
  } else {
    first = align_down(index, window_first);
  }
  end = first + window;
  if (end > from_.page_count()) end = from_.page_count();
  window_.store(window, std::memory_order_relaxed);
  next_expected_.store(end, std::memory_order_relaxed);
}

result<memory::frame*> page_cache::read_cluster(u64 index) {
  u64 first, end;
  choose_window(index, first, end);
  memory::frame* run[cluster_max];
  usize length = 0;
  const auto load = [&](u64 run_end) {
    if (length) load_run(run_end - length, run, length);
    for (usize i = 0; i < length; ++i) memory::release(*run[i]);
    length = 0;
  };
  frame_supply frames;
  memory::frame* wanted = nullptr;
  u64 run_end = first;
  for (u64 i = first; i < end; ++i) {
    auto claimed = claim_page(i, end - i, frames);
    if (!claimed.ok()) {
      load(i);
      if (i < index) continue;  // read-around is a luxury
      if (i > index) break;
      return fail(claimed.error());
    }
    const auto [page, ours] = claimed.value();
    if (i == index) {
      wanted = page;
      memory::retain(*page);
    }
    if (ours) {
      run[length++] = page;
      run_end = i + 1;
      continue;
    }
    load(i);
    memory::release(*page);
    if (i >= index) break;  // what follows is being read by somebody else
  }
  load(run_end);
  if (!wanted) return fail(errc::range);  // the file became shorter since get() looked
  return wait_loaded(*wanted);
}

void page_cache::load_run(u64 first, memory::frame** frames, usize count) {
  const result<> all = from_.load(first, frames, count);
  for (usize i = 0; i < count; ++i) {
    // Then one by one: a bad sector must not take its neighbours along.
    const result<> outcome = all.ok() || count == 1 ? all : from_.load(first + i, &frames[i], 1);
    finish(first + i, *frames[i], outcome);
  }
}

void page_cache::finish(u64 index, memory::frame& page, const result<>& outcome) {
  const bool loaded = outcome.ok();
  // release: who sees the bit sees the bytes.
  const u16 failed = !loaded && outcome.error() == errc::no_memory ? page_failed | page_without_memory : page_failed;
  state_of(page).fetch_or(loaded ? page_loaded | page_used : failed, std::memory_order_release);
  if (!loaded && pages_.remove(index, &page)) {
    memory::account(memory::usage::page_cache, -static_cast<i64>(page_size));
    memory::release(page);
  }
  queue_of(page).wake();
}

usize page_cache::sweep(usize bytes) {
  usize freed = 0;
  while (freed < bytes) {
    memory::frame* dropped[32];
    u64 count = 0;
    u64 wanted = (bytes - freed + page_size - 1) / page_size;
    if (wanted > 32) wanted = 32;
    const bool swept = pages_.try_sweep(hand_, wanted, dropped, count, [this](u64 index, memory::frame& page) {
      const u16 state = state_of(page).load(std::memory_order_relaxed);
      // One reference is the map's own, and nobody can take another while the map is locked.
      if (!(state & page_loaded) || page.references.load(std::memory_order_acquire) != 1) return false;
      if (state_of(page).fetch_and(static_cast<u16>(~page_used), std::memory_order_relaxed) & page_used) return false;
      file_refaults.dropped(this, index);
      return true;
    });
    if (!swept) return freed;
    for (u64 i = 0; i < count; ++i) memory::release(*dropped[i]);
    trace::count(trace::counter::page_cache_evictions, count);
    memory::account(memory::usage::page_cache, -static_cast<i64>(count * page_size));
    freed += count * page_size;
    if (hand_ == 0) break;
  }
  return freed;
}

namespace {
constinit std::atomic<memory::reclaimer> unmapper{nullptr};
}

void page_cache::set_unmapper(memory::reclaimer unmap) { unmapper.store(unmap, std::memory_order_relaxed); }

usize page_cache::reclaim(usize bytes) {
  // A sweep looks at every page that is in use, too: one that frees many pays for that.
  constexpr usize batch_max = 1 << 20;
  usize batch = memory::statistics().total_bytes / 64;
  if (batch > batch_max) batch = batch_max;
  if (batch < bytes) batch = bytes;
  usize freed = registry().reclaim(batch);
  if (freed >= bytes) return freed;
  if (memory::reclaimer unmap = unmapper.load(std::memory_order_relaxed); unmap && unmap(batch)) freed += registry().reclaim(batch);
  return freed;
}

}  // namespace osv::vfs
