// Intrusive red-black tree (Cormen et al., chapter 13), ordered by a key function.
#pragma once

#include "base/tree_core.hh"
#include "base/types.hh"

namespace osv {

/// `Less` is a stateless callable: `bool operator()(const T&, const T&)`. Equal elements keep insertion order.
template <typename T, tree_hook T::* Hook, typename Less>
class tree : pinned {
 public:
  bool empty() const { return core_.root == nullptr; }

  void insert(T& item) {
    tree_hook* parent = nullptr;
    tree_hook** link = &core_.root;
    bool leftmost = true;
    while (*link) {
      parent = *link;
      if (Less{}(item, *element(parent))) {
        link = &parent->left;
      } else {
        link = &parent->right;
        leftmost = false;
      }
    }
    core_.insert(&(item.*Hook), parent, link, leftmost);
  }
  void erase(T& item) { core_.erase(&(item.*Hook)); }

  T* first() { return core_.leftmost ? element(core_.leftmost) : nullptr; }
  T* last() {
    tree_hook* node = core_.root;
    if (!node) return nullptr;
    while (node->right) node = node->right;
    return element(node);
  }
  static T* next(T& item) {
    tree_hook* node = tree_core::next(&(item.*Hook));
    return node ? element(node) : nullptr;
  }
  static T* previous(T& item) {
    tree_hook* node = tree_core::previous(&(item.*Hook));
    return node ? element(node) : nullptr;
  }
  /// First element for which `predicate` holds, where it is false for a prefix and true for the rest; or nullptr.
  template <typename Predicate>
  T* find_first(Predicate&& predicate) {
    T* found = nullptr;
    tree_hook* node = core_.root;
    while (node) {
      if (predicate(static_cast<const T&>(*element(node)))) {
        found = element(node);
        node = node->left;
      } else {
        node = node->right;
      }
    }
    return found;
  }

 private:
  static T* element(tree_hook* hook) {
    const auto offset = reinterpret_cast<uptr>(&(reinterpret_cast<T*>(alignof(T) * 64)->*Hook)) - alignof(T) * 64;
    return reinterpret_cast<T*>(reinterpret_cast<uptr>(hook) - offset);
  }
  tree_core core_;
};

}  // namespace osv
