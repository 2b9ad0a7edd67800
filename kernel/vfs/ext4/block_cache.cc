#include "vfs/ext4/block_cache.hh"

namespace osv::vfs::ext4 {

block_cache::block_cache(disk& from, u32 block_size) : disk_(from), block_size_(block_size) {
  constexpr usize least = 256, most = 4096;
  blocks_max_ = memory::statistics().total_bytes / 64 / block_size;
  if (blocks_max_ < least) blocks_max_ = least;
  if (blocks_max_ > most) blocks_max_ = most;
}

block_cache::~block_cache() {
  while (cached_block* b = by_age_.pop_front()) delete b;
}

void block_cache::evict() {
  constexpr usize visits_max = 64;
  usize visits = 0;
  while (count_ > blocks_max_ && visits++ < visits_max) {
    cached_block& oldest = by_age_.front();
    oldest.age_hook.unlink();
    // The journal pins what it works on. acquire pairs with the unpinning: what that thread changed is seen.
    if (oldest.users.load(std::memory_order_acquire)) {
      by_age_.push_back(oldest);
      continue;
    }
    cached_block** link = &table_[oldest.number % buckets];
    while (*link != &oldest) link = &(*link)->next;
    *link = oldest.next;
    --count_;
    delete &oldest;
  }
}

result<block_ref> block_cache::find_or_add(u64 number) {
  sync::mutex_guard g(lock_);
  for (cached_block* b = table_[number % buckets]; b; b = b->next)
    if (b->number == number) {
      b->users.fetch_add(1, std::memory_order_relaxed);
      b->age_hook.unlink();
      by_age_.push_back(*b);
      return block_ref(b);
    }
  evict();
  auto made = TRY(osv::make_unique<cached_block>(number));
  made->data = new (std::nothrow) u8[block_size_];
  if (!made->data) return fail(errc::no_memory);
  cached_block* b = made.release();
  b->users.store(1, std::memory_order_relaxed);
  b->next = table_[number % buckets];
  table_[number % buckets] = b;
  by_age_.push_back(*b);
  ++count_;
  return block_ref(b);
}

result<block_ref> block_cache::get(u64 number) {
  block_ref b = TRY(find_or_add(number));
  if (b->loaded.load(std::memory_order_acquire)) return b;
  sync::mutex_guard g(b->load_lock);
  if (b->loaded.load(std::memory_order_relaxed)) return b;
  TRY(disk_.read(number * block_size_, b->data, block_size_));
  // release: who sees the flag sees the bytes.
  b->loaded.store(true, std::memory_order_release);
  return b;
}

result<block_ref> block_cache::get_new(u64 number) {
  block_ref b = TRY(find_or_add(number));
  sync::mutex_guard g(b->load_lock);
  __builtin_memset(b->data, 0, block_size_);
  b->verified.store(true, std::memory_order_relaxed);
  b->loaded.store(true, std::memory_order_release);
  return b;
}

}  // namespace osv::vfs::ext4
