// Intrusive doubly linked list. An element carries its hook and belongs to one list per hook at a time.
#pragma once

#include "base/assert.hh"
#include "base/types.hh"

namespace osv {

struct list_hook {
  list_hook* previous = nullptr;
  list_hook* next = nullptr;

  bool is_linked() const { return next != nullptr; }
  /// Takes the element out of whatever list it is in.
  void unlink() {
    previous->next = next;
    next->previous = previous;
    previous = next = nullptr;
  }
};

template <typename T, list_hook T::* Hook>
class list : pinned {
 public:
  list() { head_.previous = head_.next = &head_; }

  bool empty() const { return head_.next == &head_; }
  T& front() { return *element(head_.next); }
  T& back() { return *element(head_.previous); }
  void push_back(T& item) { insert(head_.previous, &(item.*Hook), &head_); }
  void push_front(T& item) { insert(&head_, &(item.*Hook), head_.next); }
  /// Puts `item` before `position`.
  void insert_before(T& position, T& item) {
    insert((position.*Hook).previous, &(item.*Hook), &(position.*Hook));
  }
  T* pop_front() {
    if (empty()) return nullptr;
    T* item = element(head_.next);
    (item->*Hook).unlink();
    return item;
  }
  static void erase(T& item) { (item.*Hook).unlink(); }
  /// Moves every element of `other` to the end of this list.
  void splice_back(list& other) {
    while (T* item = other.pop_front()) push_back(*item);
  }

  class iterator {
   public:
    explicit iterator(list_hook* at) : at_(at), next_(at->next) {}
    T& operator*() const { return *element(at_); }
    T* operator->() const { return element(at_); }
    /// Safe when the current element was erased.
    iterator& operator++() {
      at_ = next_;
      next_ = at_->next;
      return *this;
    }
    bool operator==(const iterator& other) const { return at_ == other.at_; }

   private:
    list_hook* at_;
    list_hook* next_;
  };
  iterator begin() { return iterator(head_.next); }
  iterator end() { return iterator(&head_); }

 private:
  static T* element(list_hook* hook) {
    // offsetof through a member pointer; T need not be standard layout.
    const auto offset = reinterpret_cast<uptr>(&(reinterpret_cast<T*>(alignof(T) * 64)->*Hook)) - alignof(T) * 64;
    return reinterpret_cast<T*>(reinterpret_cast<uptr>(hook) - offset);
  }
  static void insert(list_hook* before, list_hook* item, list_hook* after) {
    DEBUG_ASSERT(!item->is_linked());
    item->previous = before;
    item->next = after;
    before->next = item;
    after->previous = item;
  }

  list_hook head_;
};

}  // namespace osv
