// The bytes that a connection still has to get acknowledged, as pieces of page blocks in sequence order.
#pragma once

#include "base/vector.hh"
#include "io/cursor.hh"
#include "io/packet.hh"
#include "net/fragment_pool.hh"
#include "net/tcp/sequence.hh"

namespace osv::net::tcp {

class send_queue : pinned {
 public:
  ~send_queue() { clear(); }

  /// Empties the queue; the next byte has sequence number `start`.
  void reset(u32 start);
  void clear();

  u32 begin() const { return begin_; }
  u32 end() const { return end_; }
  u32 size() const { return end_ - begin_; }
  bool empty() const { return end_ == begin_; }
  /// What the queue costs, in bytes: data and bookkeeping.
  usize memory() const { return size() + count_ * sizeof(piece); }

  /// Copies up to `size_max` bytes from the program. EFAULT or ENOMEM only if none were copied.
  result<usize> append(io::cursor& from, usize size_max);
  /// Takes over bytes that lie in page pieces already (sendfile). ENOMEM leaves the piece with the caller.
  result<> append_piece(const page_piece& p);
  /// Drops what lies before `sequence`.
  void acknowledge(u32 sequence);
  /// Puts up to `length` bytes from `sequence` on into a packet whose linear part ends with the header; short runs are copied,
  /// long ones shared. Returns how many fitted.
  usize fill(io::packet& into, u32 sequence, usize length) const;

 private:
  static constexpr usize copy_max = 512;  // up to here a copy costs less than a further descriptor

  struct piece {
    memory::frame* page;
    u32 offset;
    u32 length;
    u32 sequence;
  };
  piece& at(usize i) const { return ring_[(first_ + i) & (capacity_ - 1)]; }
  result<> grow();
  result<> push(const page_piece& p);
  usize find(u32 sequence) const;

  piece* ring_ = nullptr;
  u32 capacity_ = 0;  // a power of two
  u32 first_ = 0;
  u32 count_ = 0;
  u32 begin_ = 0, end_ = 0;
};

}  // namespace osv::net::tcp
