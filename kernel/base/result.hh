// `result<T>`: a value or a Linux error number. Kernel code never throws.
#pragma once

#include <new>
#include <type_traits>
#include <utility>

#include "base/assert.hh"
#include "base/errno.hh"
#include "base/types.hh"

namespace osv {

/// Tag that carries an error into any `result<T>`: `return fail(errc::no_entry);`
struct failure {
  errc code;
};
constexpr failure fail(errc code) { return failure{code}; }

template <typename T = void>
class [[nodiscard]] result {
 public:
  using value_type = T;

  template <typename U>
    requires(!std::is_same_v<std::remove_cvref_t<U>, result> && !std::is_same_v<std::remove_cvref_t<U>, failure> &&
             std::is_constructible_v<T, U &&>)
  result(U&& value) : code_(errc::ok) {
    new (&storage_.value) T(std::forward<U>(value));
  }
  result(failure f) : code_(f.code) { DEBUG_ASSERT(f.code != errc::ok); }
  result(result&& other) noexcept : code_(other.code_) {
    if (ok()) new (&storage_.value) T(std::move(other.storage_.value));
  }
  result(const result& other)
    requires(std::is_copy_constructible_v<T>)
      : code_(other.code_) {
    if (ok()) new (&storage_.value) T(other.storage_.value);
  }
  result& operator=(result&& other) noexcept {
    if (this != &other) {
      this->~result();
      new (this) result(std::move(other));
    }
    return *this;
  }
  ~result() {
    if (ok()) storage_.value.~T();
  }

  bool ok() const { return code_ == errc::ok; }
  explicit operator bool() const { return ok(); }
  errc error() const { return code_; }
  T& value() & {
    DEBUG_ASSERT(ok());
    return storage_.value;
  }
  const T& value() const& {
    DEBUG_ASSERT(ok());
    return storage_.value;
  }
  T&& value() && {
    DEBUG_ASSERT(ok());
    return std::move(storage_.value);
  }
  /// The value moved out; used by TRY.
  T release() { return std::move(storage_.value); }
  T value_or(T other) && { return ok() ? std::move(storage_.value) : std::move(other); }
  T* operator->() { return &value(); }
  T& operator*() { return value(); }

 private:
  union storage {
    storage() {}
    ~storage() {}
    T value;
  } storage_;
  errc code_;
};

template <>
class [[nodiscard]] result<void> {
 public:
  using value_type = void;

  constexpr result() : code_(errc::ok) {}
  constexpr result(failure f) : code_(f.code) {}
  constexpr bool ok() const { return code_ == errc::ok; }
  constexpr explicit operator bool() const { return ok(); }
  constexpr errc error() const { return code_; }
  constexpr void release() {}

 private:
  errc code_;
};

/// References travel as pointers inside a result.
template <typename T>
class [[nodiscard]] result<T&> {
 public:
  using value_type = T&;

  result(T& value) : pointer_(&value), code_(errc::ok) {}
  result(failure f) : pointer_(nullptr), code_(f.code) {}
  bool ok() const { return code_ == errc::ok; }
  explicit operator bool() const { return ok(); }
  errc error() const { return code_; }
  T& value() const { return *pointer_; }
  T& release() { return *pointer_; }
  T* operator->() { return pointer_; }
  T& operator*() { return *pointer_; }

 private:
  T* pointer_;
  errc code_;
};

}  // namespace osv

/// Evaluates to the value, or returns the error from the enclosing function. The one macro that hides control flow.
#define TRY(...)                                        \
  ({                                                    \
    auto&& try_result_ = (__VA_ARGS__);                 \
    if (!try_result_.ok()) [[unlikely]]                 \
      return ::osv::failure{try_result_.error()};       \
    try_result_.release();                              \
  })
