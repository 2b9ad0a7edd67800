#include "base/tree.hh"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace osv {
namespace {

struct item {
  int key;
  int serial;
  tree_hook hook;
};
struct by_key {
  bool operator()(const item& a, const item& b) const { return a.key < b.key; }
};
using items = tree<item, &item::hook, by_key>;

/// Height in black nodes; -1 when a rule of red-black trees is broken.
int black_height(const tree_hook* node) {
  if (!node) return 1;
  for (const tree_hook* child : {node->left, node->right}) {
    if (child && child->parent != node) return -1;
    if (child && node->red && child->red) return -1;
  }
  const int left = black_height(node->left), right = black_height(node->right);
  if (left == -1 || left != right) return -1;
  return left + !node->red;
}

TEST(Tree, AgreesWithMultisetUnderRandomWork) {
  std::mt19937 random(7);
  items t;
  std::vector<item> all(500);
  std::multiset<int> model;
  for (int step = 0; step < 20000; ++step) {
    item& i = all[random() % all.size()];
    if (i.hook.is_linked()) {
      model.erase(model.find(i.key));
      t.erase(i);
    } else {
      i.key = static_cast<int>(random() % 300);
      model.insert(i.key);
      t.insert(i);
    }
    if (step % 100) continue;
    std::vector<int> keys;
    const tree_hook* root = nullptr;
    for (item* at = t.first(); at; at = items::next(*at)) {
      keys.push_back(at->key);
      if (!at->hook.parent) root = &at->hook;
    }
    ASSERT_EQ(keys, std::vector<int>(model.begin(), model.end()));
    ASSERT_NE(black_height(root), -1);
    if (!model.empty()) {
      ASSERT_EQ(t.last()->key, *model.rbegin());
    }
  }
}

TEST(Tree, KeepsInsertionOrderOfEqualKeys) {
  items t;
  std::vector<item> all(20);
  for (int i = 0; i < 20; ++i) {
    all[i].key = i % 2;
    all[i].serial = i;
    t.insert(all[i]);
  }
  int previous = -1;
  for (item* at = t.first(); at && at->key == 0; at = items::next(*at)) {
    EXPECT_GT(at->serial, previous);
    previous = at->serial;
  }
}

TEST(Tree, FindsFirstOfASuffix) {
  items t;
  item all[] = {{10}, {20}, {30}};
  for (item& i : all) t.insert(i);
  EXPECT_EQ(t.find_first([](const item& i) { return i.key >= 15; })->key, 20);
  EXPECT_EQ(t.find_first([](const item& i) { return i.key >= 31; }), nullptr);
  EXPECT_EQ(items::previous(all[1]), &all[0]);
  EXPECT_EQ(items::previous(all[0]), nullptr);
}

}  // namespace
}  // namespace osv
