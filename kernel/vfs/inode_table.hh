// Inodes of one file system by number, each object once. Holds no references: an inode takes itself out when it dies.
#pragma once

#include "base/memory.hh"
#include "lock/spin_lock.hh"

namespace osv::vfs {

/// `Node` is ref-counted, has number(), and a public member `table_hook` of type inode_table<Node>::hook.
template <typename Node>
class inode_table : pinned {
 public:
  struct hook {
    Node* next = nullptr;
    bool linked = false;
  };

  /// The living inode of this number, or nullptr.
  ref<Node> find(u64 number) {
    lock::guard g(lock_);
    return find_locked(number);
  }
  /// Puts `made` in, unless somebody was first: then returns theirs.
  ref<Node> insert(ref<Node> made) {
    // `other` outlives the lock: what loses the race is destroyed at the end, and its destructor takes the lock again.
    ref<Node> other;
    lock::guard g(lock_);
    other = find_locked(made->number());
    if (other) {
      ref<Node> theirs = other;
      std::swap(other, made);
      return theirs;
    }
    Node*& first = buckets_[made->number() % buckets];
    made->table_hook.next = first;
    made->table_hook.linked = true;
    first = made.get();
    return made;
  }
  /// Some living inode for which `wanted` holds, or nullptr.
  template <typename Predicate>
  ref<Node> find_if(Predicate&& wanted) {
    lock::guard g(lock_);
    for (Node* first : buckets_)
      for (Node* n = first; n; n = n->table_hook.next)
        if (wanted(*n) && n->try_retain()) return ref<Node>::adopt(n);
    return nullptr;
  }
  void remove(Node& gone) {
    lock::guard g(lock_);
    if (!gone.table_hook.linked) return;
    for (Node** link = &buckets_[gone.number() % buckets]; *link; link = &(*link)->table_hook.next)
      if (*link == &gone) {
        *link = gone.table_hook.next;
        break;
      }
    gone.table_hook.linked = false;
  }

 private:
  static constexpr usize buckets = 2048;
  ref<Node> find_locked(u64 number) {
    for (Node* n = buckets_[number % buckets]; n; n = n->table_hook.next)
      // One whose last reference just went is still here until its destructor has the lock.
      if (n->number() == number && n->try_retain()) return ref<Node>::adopt(n);
    return nullptr;
  }
  lock::spin_lock lock_{lock::rank::vfs_inode};
  Node* buckets_[buckets] = {};
};

}  // namespace osv::vfs
