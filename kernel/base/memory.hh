// Ownership: `unique<T>` owns alone, `ref<T>` shares an object that counts its own references.
#pragma once

#include <atomic>
#include <new>
#include <utility>

#include "base/result.hh"

namespace osv {

template <typename T>
class unique {
 public:
  constexpr unique() = default;
  constexpr unique(std::nullptr_t) {}
  explicit unique(T* pointer) : pointer_(pointer) {}
  unique(unique&& other) noexcept : pointer_(other.release()) {}
  template <typename U>
    requires std::is_convertible_v<U*, T*>
  unique(unique<U>&& other) noexcept : pointer_(other.release()) {}
  unique& operator=(unique&& other) noexcept {
    reset(other.release());
    return *this;
  }
  ~unique() { delete pointer_; }

  T* get() const { return pointer_; }
  T* operator->() const { return pointer_; }
  T& operator*() const { return *pointer_; }
  explicit operator bool() const { return pointer_ != nullptr; }
  T* release() { return std::exchange(pointer_, nullptr); }
  void reset(T* pointer = nullptr) { delete std::exchange(pointer_, pointer); }

 private:
  T* pointer_ = nullptr;
};

/// Base of shared objects; born with one reference, which `adopt` takes over.
template <typename T>
class ref_counted : pinned {
 public:
  void retain() const { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() const {
    // acq_rel: what every holder wrote is visible to the one that destroys.
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete static_cast<const T*>(this);
  }
  /// Takes a reference unless the count is already zero (look-ups that race with the last release).
  bool try_retain() const {
    u32 count = references_.load(std::memory_order_relaxed);
    while (count != 0)
      if (references_.compare_exchange_weak(count, count + 1, std::memory_order_acquire, std::memory_order_relaxed))
        return true;
    return false;
  }
  u32 reference_count() const { return references_.load(std::memory_order_relaxed); }

 protected:
  ~ref_counted() = default;

 private:
  mutable std::atomic<u32> references_{1};
};

/// How `ref` counts. Specialised for types whose layout only their own folder knows (sched::thread).
template <typename T>
struct ref_operations {
  static void retain(T* pointer) { pointer->retain(); }
  static void release(T* pointer) { pointer->release(); }
};

template <typename T>
class ref {
 public:
  constexpr ref() = default;
  constexpr ref(std::nullptr_t) {}
  /// Shares `*pointer`: takes a further reference.
  explicit ref(T* pointer) : pointer_(pointer) {
    if (pointer_) ref_operations<T>::retain(pointer_);
  }
  static ref adopt(T* pointer) {
    ref r;
    r.pointer_ = pointer;
    return r;
  }
  ref(const ref& other) : ref(other.pointer_) {}
  ref(ref&& other) noexcept : pointer_(std::exchange(other.pointer_, nullptr)) {}
  template <typename U>
    requires std::is_convertible_v<U*, T*>
  ref(const ref<U>& other) : ref(other.get()) {}
  template <typename U>
    requires std::is_convertible_v<U*, T*>
  ref(ref<U>&& other) noexcept : pointer_(other.leak()) {}
  ref& operator=(ref other) noexcept {
    std::swap(pointer_, other.pointer_);
    return *this;
  }
  ~ref() {
    if (pointer_) ref_operations<T>::release(pointer_);
  }

  T* get() const { return pointer_; }
  T* operator->() const { return pointer_; }
  T& operator*() const { return *pointer_; }
  explicit operator bool() const { return pointer_ != nullptr; }
  bool operator==(const ref& other) const { return pointer_ == other.pointer_; }
  /// Gives the reference away without releasing it.
  T* leak() { return std::exchange(pointer_, nullptr); }

 private:
  T* pointer_ = nullptr;
};

/// New object or ENOMEM. Works for classes derived from ref_counted (make_ref) and plain ones (make_unique).
template <typename T, typename... Arguments>
result<unique<T>> make_unique(Arguments&&... arguments) {
  T* object = new (std::nothrow) T(std::forward<Arguments>(arguments)...);
  if (!object) return fail(errc::no_memory);
  return unique<T>(object);
}

template <typename T, typename... Arguments>
result<ref<T>> make_ref(Arguments&&... arguments) {
  T* object = new (std::nothrow) T(std::forward<Arguments>(arguments)...);
  if (!object) return fail(errc::no_memory);
  return ref<T>::adopt(object);
}

/// An owned array of trivially destructible elements; length known.
template <typename T>
class buffer {
 public:
  buffer() = default;
  static result<buffer> create(usize count) {
    buffer b;
    if (count) {
      b.data_ = new (std::nothrow) T[count]();
      if (!b.data_) return fail(errc::no_memory);
    }
    b.size_ = count;
    return b;
  }
  buffer(buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  buffer& operator=(buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~buffer() { delete[] data_; }
  T* data() const { return data_; }
  usize size() const { return size_; }
  T& operator[](usize i) const { return data_[i]; }
  T* begin() const { return data_; }
  T* end() const { return data_ + size_; }

 private:
  T* data_ = nullptr;
  usize size_ = 0;
};

}  // namespace osv
