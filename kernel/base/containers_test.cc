// result, ownership, vector, string.
#include <gtest/gtest.h>

#include <memory>

#include "base/memory.hh"
#include "base/string.hh"

namespace osv {
namespace {

result<int> half(int value) {
  if (value % 2) return fail(errc::invalid);
  return value / 2;
}
result<int> quarter(int value) { return TRY(half(TRY(half(value)))); }

TEST(Result, CarriesValueOrError) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(6).error(), errc::invalid);
  EXPECT_EQ(half(3).value_or(9), 9);
  result<std::unique_ptr<int>> moved = std::make_unique<int>(4);
  EXPECT_EQ(*moved.release(), 4);
  moved = result<std::unique_ptr<int>>(fail(errc::io));
  EXPECT_EQ(moved.error(), errc::io);
}

struct counted : ref_counted<counted> {
  explicit counted(int& alive) : alive_(alive) { ++alive_; }
  ~counted() { --alive_; }
  int& alive_;
};

TEST(Ref, DestroysWithTheLastReference) {
  int alive = 0;
  {
    ref<counted> a = make_ref<counted>(alive).release();
    ref<counted> b = a;
    EXPECT_EQ(a->reference_count(), 2u);
    a = nullptr;
    EXPECT_EQ(alive, 1);
    EXPECT_TRUE(b->try_retain());
    b->release();
  }
  EXPECT_EQ(alive, 0);
}

TEST(Unique, MovesOwnership) {
  unique<int> a(new int(3));
  unique<int> b(std::move(a));
  EXPECT_FALSE(a);
  EXPECT_EQ(*b, 3);
  b.reset();
  EXPECT_EQ(b.get(), nullptr);
}

TEST(Vector, GrowsAndErases) {
  vector<std::unique_ptr<int>> v;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(v.push_back(std::make_unique<int>(i)).ok());
  v.erase(0);
  EXPECT_EQ(*v[0], 1);
  v.erase_unordered(0);
  EXPECT_EQ(*v[0], 99);
  EXPECT_EQ(v.size(), 98u);
  ASSERT_TRUE(v.resize(3).ok());
  EXPECT_EQ(*v.back(), 3);
  vector<std::unique_ptr<int>> moved(std::move(v));
  EXPECT_EQ(moved.size(), 3u);
  EXPECT_TRUE(v.empty());
}

TEST(String, AppendsAndStaysTerminated) {
  string s;
  EXPECT_STREQ(s.c_str(), "");
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(s.append("ab").ok());
  ASSERT_TRUE(s.push_back('c').ok());
  EXPECT_EQ(s.size(), 101u);
  EXPECT_EQ(s.c_str()[101], 0);
  EXPECT_EQ(s.view().substr(98), "abc");
  string moved(std::move(s));
  EXPECT_EQ(moved.size(), 101u);
  EXPECT_TRUE(s.empty());
  EXPECT_STREQ(s.c_str(), "");
  s = std::move(moved);
  s.clear();
  ASSERT_TRUE(s.append("x").ok());
  EXPECT_EQ(s.view(), "x");
}

}  // namespace
}  // namespace osv
