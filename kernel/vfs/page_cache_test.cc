// The page cache: shared reads, read-ahead, errors, reclaim.
#include "vfs/page_cache.hh"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <vector>

#include "hosted/test_controls.hh"
#include "sched/thread.hh"

namespace osv::vfs {

namespace {

/// A file whose page i is filled with the byte i. Reads can be held back, and can fail.
class counting_file final : public page_cache::loader {
 public:
  explicit counting_file(u64 pages) : pages_(pages) {}
  result<> load(u64 first, memory::frame* const* frames, usize count) override {
    std::unique_lock held(mutex_);
    ++loads;
    loaded += count;
    changed_.notify_all();
    changed_.wait(held, [&] { return !hold; });
    for (usize i = 0; i < count; ++i) {
      if (first + i == bad) return fail(failure);
      __builtin_memset(frames[i]->data(), static_cast<int>(first + i), page_size);
    }
    return {};
  }
  u64 page_count() const override { return pages_; }
  void set_hold(bool value) {
    std::unique_lock held(mutex_);
    hold = value;
    changed_.notify_all();
  }
  void wait_for_load() {
    std::unique_lock held(mutex_);
    changed_.wait(held, [&] { return loads > 0; });
  }
  unsigned loads = 0;
  usize loaded = 0;
  u64 bad = ~0ull;
  errc failure = errc::io;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool hold = false;
  u64 pages_;
};

/// Has ten pages for who looks first, and none from then on.
class shrinking_file final : public page_cache::loader {
 public:
  result<> load(u64, memory::frame* const*, usize) override { return {}; }
  u64 page_count() const override { return looked_++ ? 0 : 10; }

 private:
  mutable unsigned looked_ = 0;
};

void expect_page(page_cache& cache, u64 index) {
  auto page = cache.get(index);
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(static_cast<u8>(index), page.value()->as<u8>()[100]);
  memory::release(*page.value());
}

TEST(page_cache, answers_when_the_file_is_cut_meanwhile) {
  shrinking_file file;
  page_cache cache(file);
  EXPECT_EQ(errc::range, cache.get(9).error());
}

TEST(page_cache, reads_ahead_with_growing_windows) {
  counting_file file(1000);
  page_cache cache(file);
  for (u64 i = 0; i < 1000; ++i) expect_page(cache, i);
  EXPECT_EQ(1000u, file.loaded);
  EXPECT_LT(file.loads, 40u);
  EXPECT_EQ(errc::range, cache.get(1000).error());
}

TEST(page_cache, reads_little_around_a_random_page) {
  counting_file file(1000);
  page_cache cache(file);
  expect_page(cache, 503);
  EXPECT_EQ(1u, file.loads);
  EXPECT_EQ(8u, file.loaded);
  expect_page(cache, 500);
  EXPECT_EQ(1u, file.loads);
}

TEST(page_cache, readers_of_one_page_share_its_read) {
  counting_file file(8);
  page_cache cache(file);
  file.set_hold(true);
  constexpr unsigned readers = 8;
  std::atomic<unsigned> done{0};
  for (unsigned i = 0; i < readers; ++i) {
    auto reader = sched::spawn("reader", [&cache, &done, i] {
      expect_page(cache, i % 3);
      ++done;
    });
    ASSERT_TRUE(reader.ok());
  }
  file.wait_for_load();
  EXPECT_EQ(0u, done);
  file.set_hold(false);
  while (done < readers) sched::yield();
  // Readers that come at once may each take a part of the cluster; no page is read twice.
  EXPECT_EQ(8u, file.loaded);
}

TEST(page_cache, a_bad_page_spares_its_neighbours) {
  counting_file file(8);
  page_cache cache(file);
  file.bad = 5;
  EXPECT_EQ(errc::io, cache.get(5).error());
  expect_page(cache, 4);
  expect_page(cache, 6);
  EXPECT_EQ(errc::io, cache.get(5).error());
  file.bad = ~0ull;
  expect_page(cache, 5);
}

TEST(page_cache, too_little_memory_is_no_bad_disk) {
  counting_file file(8);
  page_cache cache(file);
  file.bad = 3;
  file.failure = errc::no_memory;
  EXPECT_EQ(errc::no_memory, cache.get(3).error());
  expect_page(cache, 2);
  file.bad = ~0ull;
  expect_page(cache, 3);
}

TEST(page_cache, reclaim_frees_what_nobody_uses) {
  counting_file file(64);
  const u64 before = hosted::allocated_frame_blocks();
  {
    page_cache cache(file);
    for (u64 i = 0; i < 64; ++i) expect_page(cache, i);
    memory::frame* kept = cache.get(7).value();
    EXPECT_EQ(before + 64, hosted::allocated_frame_blocks());
    EXPECT_EQ(63 * page_size, page_cache::reclaim(10 * page_size));  // at least as much as was asked for
    EXPECT_EQ(before + 1, hosted::allocated_frame_blocks());
    EXPECT_EQ(0u, page_cache::reclaim(1 << 30));
    // Now it takes an unmapper to free the last one.
    static memory::frame* mapped;
    mapped = kept;
    page_cache::set_unmapper([](usize) {
      memory::release(*mapped);
      return page_size;
    });
    EXPECT_EQ(page_size, page_cache::reclaim(1));
    page_cache::set_unmapper(nullptr);
    EXPECT_EQ(before, hosted::allocated_frame_blocks());
    for (u64 i = 0; i < 64; ++i) expect_page(cache, i);
  }
  EXPECT_EQ(before, hosted::allocated_frame_blocks());
}

TEST(page_cache, is_what_gives_way_when_memory_is_short) {
  static const bool registered = [] {
    memory::register_reclaimer(&page_cache::reclaim);
    return true;
  }();
  (void)registered;
  counting_file file(300);
  page_cache cache(file);
  for (u64 i = 0; i < 300; ++i) expect_page(cache, i);
  hosted::limit_frame_allocations(0);
  EXPECT_EQ(errc::no_memory, memory::allocate_frames(0).error());  // the limit is no shortage that giving back mends
  hosted::limit_frame_allocations(~0ull);
  for (u64 i = 0; i < 300; ++i) expect_page(cache, i);
}

TEST(page_cache, without_memory_fails_and_recovers) {
  counting_file file(64);
  page_cache cache(file);
  hosted::limit_frame_allocations(0);
  EXPECT_EQ(errc::no_memory, cache.get(20).error());
  hosted::limit_frame_allocations(3);
  expect_page(cache, 0);  // the page itself, and less read-ahead
  hosted::limit_frame_allocations(~0ull);
  expect_page(cache, 20);
  expect_page(cache, 5);
}

TEST(page_map, finds_what_was_put_anywhere) {
  page_map map;
  const std::vector<u64> places = {0, 1, 63, 64, 4095, 4096, 262'143, 262'144, 1ull << 30, page_map::index_max};
  for (u64 index : places) {
    memory::frame* page = memory::allocate_frames(0).value();
    EXPECT_EQ(nullptr, map.insert(index, page).value());
  }
  EXPECT_EQ(errc::file_too_big, map.insert(page_map::index_max + 1, nullptr).error());
  u64 at = 0;
  for (u64 index : places) {
    EXPECT_EQ(index, map.next(at));
    EXPECT_TRUE(map.contains(index));
    at = index + 1;
  }
  EXPECT_EQ(page_map::index_max + 1, map.next(at));
  EXPECT_FALSE(map.contains(2));
  EXPECT_EQ(2u, map.next(0, false));
  EXPECT_EQ(3u, map.remove_range(63, 4096));
  EXPECT_EQ(5u, map.remove_from(4096));
  EXPECT_EQ(2u, map.count());
}

}  // namespace

}  // namespace osv::vfs
