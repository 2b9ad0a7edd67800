#include "base/tree_core.hh"

#include "base/assert.hh"

namespace osv {

void tree_core::rotate_left(tree_hook* node) {
  tree_hook* pivot = node->right;
  node->right = pivot->left;
  if (pivot->left) pivot->left->parent = node;
  replace(node, pivot);
  pivot->left = node;
  node->parent = pivot;
}

void tree_core::rotate_right(tree_hook* node) {
  tree_hook* pivot = node->left;
  node->left = pivot->right;
  if (pivot->right) pivot->right->parent = node;
  replace(node, pivot);
  pivot->right = node;
  node->parent = pivot;
}

/// Hangs `new_node` where `old_node` hung.
void tree_core::replace(tree_hook* old_node, tree_hook* new_node) {
  if (!old_node->parent)
    root = new_node;
  else if (old_node == old_node->parent->left)
    old_node->parent->left = new_node;
  else
    old_node->parent->right = new_node;
  if (new_node) new_node->parent = old_node->parent;
}

void tree_core::insert(tree_hook* node, tree_hook* parent, tree_hook** link, bool is_leftmost) {
  DEBUG_ASSERT(!node->linked);
  *node = {parent, nullptr, nullptr, true, true};
  *link = node;
  if (is_leftmost) leftmost = node;
  while (node->parent && node->parent->red) {
    tree_hook* grand = node->parent->parent;
    const bool left = node->parent == grand->left;
    tree_hook* uncle = left ? grand->right : grand->left;
    if (uncle && uncle->red) {
      node->parent->red = uncle->red = false;
      grand->red = true;
      node = grand;
      continue;
    }
    if (left) {
      if (node == node->parent->right) {
        node = node->parent;
        rotate_left(node);
      }
      node->parent->red = false;
      grand->red = true;
      rotate_right(grand);
    } else {
      if (node == node->parent->left) {
        node = node->parent;
        rotate_right(node);
      }
      node->parent->red = false;
      grand->red = true;
      rotate_left(grand);
    }
  }
  root->red = false;
}

void tree_core::erase(tree_hook* node) {
  DEBUG_ASSERT(node->linked);
  if (leftmost == node) leftmost = next(node);
  tree_hook* child;
  tree_hook* child_parent;
  bool removed_black = !node->red;
  if (!node->left) {
    child = node->right;
    child_parent = node->parent;
    replace(node, child);
  } else if (!node->right) {
    child = node->left;
    child_parent = node->parent;
    replace(node, child);
  } else {
    tree_hook* successor = node->right;
    while (successor->left) successor = successor->left;
    removed_black = !successor->red;
    child = successor->right;
    if (successor->parent == node) {
      child_parent = successor;
    } else {
      child_parent = successor->parent;
      replace(successor, child);
      successor->right = node->right;
      successor->right->parent = successor;
    }
    replace(node, successor);
    successor->left = node->left;
    successor->left->parent = successor;
    successor->red = node->red;
  }
  if (removed_black) fix_erase(child, child_parent);
  *node = {};
}

void tree_core::fix_erase(tree_hook* node, tree_hook* parent) {
  const auto is_black = [](tree_hook* n) { return !n || !n->red; };
  while (node != root && is_black(node)) {
    const bool left = node == parent->left;
    tree_hook* sibling = left ? parent->right : parent->left;
    if (sibling->red) {
      sibling->red = false;
      parent->red = true;
      left ? rotate_left(parent) : rotate_right(parent);
      sibling = left ? parent->right : parent->left;
    }
    if (is_black(sibling->left) && is_black(sibling->right)) {
      sibling->red = true;
      node = parent;
      parent = node->parent;
      continue;
    }
    tree_hook* far = left ? sibling->right : sibling->left;
    if (is_black(far)) {
      tree_hook* near = left ? sibling->left : sibling->right;
      near->red = false;
      sibling->red = true;
      left ? rotate_right(sibling) : rotate_left(sibling);
      sibling = left ? parent->right : parent->left;
      far = left ? sibling->right : sibling->left;
    }
    sibling->red = parent->red;
    parent->red = false;
    far->red = false;
    left ? rotate_left(parent) : rotate_right(parent);
    node = root;
    break;
  }
  if (node) node->red = false;
}

tree_hook* tree_core::next(tree_hook* node) {
  if (node->right) {
    node = node->right;
    while (node->left) node = node->left;
    return node;
  }
  while (node->parent && node == node->parent->right) node = node->parent;
  return node->parent;
}

tree_hook* tree_core::previous(tree_hook* node) {
  if (node->left) {
    node = node->left;
    while (node->right) node = node->right;
    return node;
  }
  while (node->parent && node == node->parent->left) node = node->parent;
  return node->parent;
}

}  // namespace osv
