#include "base/list.hh"

#include <gtest/gtest.h>

#include <vector>

namespace osv {
namespace {

struct item {
  int value;
  list_hook hook;
};
using items = list<item, &item::hook>;

std::vector<int> values(items& l) {
  std::vector<int> out;
  for (item& i : l) out.push_back(i.value);
  return out;
}

TEST(List, KeepsOrder) {
  items l;
  item a{1}, b{2}, c{3}, d{4};
  EXPECT_TRUE(l.empty());
  l.push_back(b);
  l.push_back(d);
  l.push_front(a);
  l.insert_before(d, c);
  EXPECT_EQ(values(l), (std::vector{1, 2, 3, 4}));
  EXPECT_EQ(&l.front(), &a);
  EXPECT_EQ(&l.back(), &d);
  items::erase(b);
  EXPECT_FALSE(b.hook.is_linked());
  EXPECT_EQ(l.pop_front(), &a);
  EXPECT_EQ(values(l), (std::vector{3, 4}));
}

TEST(List, ErasesWhileIterating) {
  items l;
  item all[] = {{1}, {2}, {3}, {4}, {5}};
  for (item& i : all) l.push_back(i);
  for (item& i : l)
    if (i.value % 2) items::erase(i);
  EXPECT_EQ(values(l), (std::vector{2, 4}));
}

TEST(List, Splices) {
  items a, b;
  item one{1}, two{2}, three{3};
  a.push_back(one);
  b.push_back(two);
  b.push_back(three);
  a.splice_back(b);
  EXPECT_TRUE(b.empty());
  EXPECT_EQ(values(a), (std::vector{1, 2, 3}));
  EXPECT_EQ(b.pop_front(), nullptr);
}

}  // namespace
}  // namespace osv
