// The untyped half of the red-black tree.
#pragma once

namespace osv {

struct tree_hook {
  tree_hook* parent = nullptr;
  tree_hook* left = nullptr;
  tree_hook* right = nullptr;
  bool red = false;
  bool linked = false;

  bool is_linked() const { return linked; }
};

struct tree_core {
  tree_hook* root = nullptr;
  tree_hook* leftmost = nullptr;

  void insert(tree_hook* node, tree_hook* parent, tree_hook** link, bool is_leftmost);
  void erase(tree_hook* node);
  static tree_hook* next(tree_hook* node);
  static tree_hook* previous(tree_hook* node);

 private:
  void rotate_left(tree_hook* node);
  void rotate_right(tree_hook* node);
  void replace(tree_hook* old_node, tree_hook* new_node);
  void fix_erase(tree_hook* node, tree_hook* parent);
};

}  // namespace osv
