// A position in scattered memory (iovec): where read() puts bytes and write() takes them from. Survives bad addresses.
#pragma once

#include "base/result.hh"
#include "memory/user_copy.hh"

namespace osv::io {

/// struct iovec (readv(2)).
struct io_vector {
  void* base;
  usize length;
};

class cursor {
 public:
  /// Over an array that must outlive the cursor.
  cursor(const io_vector* vectors, usize count) : vectors_(vectors), count_(count) {
    for (usize i = 0; i < count; ++i) remaining_ += vectors[i].length;
  }
  /// Over one range.
  cursor(void* base, usize length) : single_{base, length}, vectors_(nullptr), count_(1), remaining_(length) {}
  cursor(const void* base, usize length) : cursor(const_cast<void*>(base), length) {}

  usize remaining() const { return remaining_; }
  bool done() const { return remaining_ == 0; }

  /// Copies kernel bytes to where the cursor points and moves on; at most remaining(). Returns how many. EFAULT only if none.
  result<usize> put(const void* from, usize size) {
    return transfer(size, [&](void* at, usize offset, usize n) {
      return memory::copy_any(at, static_cast<const u8*>(from) + offset, n);
    });
  }
  result<usize> put_zeroes(usize size) {
    return transfer(size, [](void* at, usize, usize n) { return memory::zero_any(at, n); });
  }
  /// Copies bytes from where the cursor points into the kernel and moves on.
  result<usize> take(void* into, usize size) {
    return transfer(size, [&](void* at, usize offset, usize n) {
      return memory::copy_any(static_cast<u8*>(into) + offset, at, n);
    });
  }
  /// Moves on without copying.
  void skip(usize size) {
    (void)transfer(size, [](void*, usize, usize) { return result<>{}; });
  }
  /// The contiguous piece at the position.
  io_vector piece() const {
    const io_vector& v = vector();
    return {static_cast<u8*>(v.base) + offset_, v.length - offset_};
  }
  /// Limits what is left to `size` bytes.
  void truncate(usize size) {
    if (size < remaining_) remaining_ = size;
  }

 private:
  const io_vector& vector() const { return vectors_ ? vectors_[index_] : single_; }
  template <typename F>
  result<usize> transfer(usize size, F&& copy) {
    usize done = 0;
    if (size > remaining_) size = remaining_;
    // Nearly always the whole transfer lies in one piece.
    if (const io_vector& v = vector(); size <= v.length - offset_ && size) [[likely]] {
      auto copied = copy(static_cast<u8*>(v.base) + offset_, 0, size);
      if (!copied.ok()) return fail(copied.error());
      offset_ += size;
      remaining_ -= size;
      return size;
    }
    while (done < size) {
      const io_vector& v = vector();
      if (offset_ == v.length) {
        ++index_;
        offset_ = 0;
        continue;
      }
      usize n = v.length - offset_;
      if (n > size - done) n = size - done;
      auto copied = copy(static_cast<u8*>(v.base) + offset_, done, n);
      if (!copied.ok()) {
        if (done) return done;
        return fail(copied.error());
      }
      offset_ += n;
      done += n;
      remaining_ -= n;
    }
    return done;
  }

  io_vector single_{};
  const io_vector* vectors_;
  usize count_;
  usize index_ = 0;
  usize offset_ = 0;
  usize remaining_ = 0;
};

}  // namespace osv::io
