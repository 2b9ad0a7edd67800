// Growing array whose growth may fail: `push_back` returns ENOMEM instead of throwing.
#pragma once

#include <new>
#include <utility>

#include "base/result.hh"

namespace osv {

template <typename T>
class vector {
 public:
  vector() = default;
  vector(vector&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  vector& operator=(vector&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~vector() {
    clear();
    ::operator delete(data_);
  }

  usize size() const { return size_; }
  usize capacity() const { return capacity_; }
  bool empty() const { return size_ == 0; }
  T* data() { return data_; }
  const T* data() const { return data_; }
  T* begin() { return data_; }
  T* end() { return data_ + size_; }
  const T* begin() const { return data_; }
  const T* end() const { return data_ + size_; }
  T& operator[](usize i) {
    DEBUG_ASSERT(i < size_);
    return data_[i];
  }
  const T& operator[](usize i) const {
    DEBUG_ASSERT(i < size_);
    return data_[i];
  }
  T& back() { return data_[size_ - 1]; }

  result<> reserve(usize capacity) {
    if (capacity <= capacity_) return {};
    T* grown = static_cast<T*>(::operator new(capacity * sizeof(T), std::nothrow));
    if (!grown) return fail(errc::no_memory);
    if constexpr (std::is_trivially_copyable_v<T>) {
      if (size_) __builtin_memcpy(static_cast<void*>(grown), data_, size_ * sizeof(T));
    } else {
      for (usize i = 0; i < size_; ++i) {
        new (&grown[i]) T(std::move(data_[i]));
        data_[i].~T();
      }
    }
    ::operator delete(data_);
    data_ = grown;
    capacity_ = capacity;
    return {};
  }
  result<> push_back(T value) {
    if (size_ == capacity_) TRY(reserve(capacity_ ? capacity_ * 2 : 8));
    new (&data_[size_++]) T(std::move(value));
    return {};
  }
  result<> resize(usize size)
    requires std::is_default_constructible_v<T>
  {
    TRY(reserve(size));
    while (size_ < size) new (&data_[size_++]) T();
    while (size_ > size) pop_back();
    return {};
  }
  void pop_back() { data_[--size_].~T(); }
  /// Removes by moving the last element into the hole.
  void erase_unordered(usize i) {
    if (i != size_ - 1) data_[i] = std::move(data_[size_ - 1]);
    pop_back();
  }
  void erase(usize i) {
    for (; i + 1 < size_; ++i) data_[i] = std::move(data_[i + 1]);
    pop_back();
  }
  void clear() {
    while (size_) pop_back();
  }

 private:
  T* data_ = nullptr;
  usize size_ = 0;
  usize capacity_ = 0;
};

}  // namespace osv
