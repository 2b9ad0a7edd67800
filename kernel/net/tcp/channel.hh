// A net channel: packets on their way from the receive path to the one who owns the connection. Many may push, one drains.
#pragma once

#include <atomic>

#include "io/packet.hh"

namespace osv::net::tcp {

class channel : pinned {
 public:
  ~channel() {
    io::packet* p = take();
    while (p) {
      io::packet* next = next_of(p);
      delete p;
      p = next;
    }
  }
  /// False (the packet stays with the caller) when `bytes_max` are queued already.
  bool push(unique<io::packet>& packet, usize bytes_max) {
    const usize size = packet->memory_size();
    if (bytes_.load(std::memory_order_relaxed) + size > bytes_max) return false;
    bytes_.fetch_add(size, std::memory_order_relaxed);
    io::packet* p = packet.release();
    p->hook.previous = nullptr;
    io::packet* head = head_.load(std::memory_order_relaxed);
    do set_next(p, head);
    // seq_cst pairs with the owner's look after it let go: one of the two sees the other.
    while (!head_.compare_exchange_weak(head, p, std::memory_order_seq_cst, std::memory_order_relaxed));
    return true;
  }
  bool empty() const { return head_.load(std::memory_order_seq_cst) == nullptr; }

  /// Takes all packets, in order of arrival, linked by next_of().
  io::packet* take() {
    io::packet* p = head_.exchange(nullptr, std::memory_order_acquire);
    io::packet* first = nullptr;
    usize size = 0;
    while (p) {
      io::packet* next = next_of(p);
      size += p->memory_size();
      set_next(p, first);
      first = p;
      p = next;
    }
    if (size) bytes_.fetch_sub(size, std::memory_order_relaxed);
    return first;
  }
  static io::packet* next_of(io::packet* p) { return reinterpret_cast<io::packet*>(p->control[5]); }

 private:
  static void set_next(io::packet* p, io::packet* next) { p->control[5] = reinterpret_cast<u64>(next); }

  std::atomic<io::packet*> head_{nullptr};
  std::atomic<usize> bytes_{0};
};

}  // namespace osv::net::tcp
