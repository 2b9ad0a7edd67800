// Callbacks: `function_ref` when called before return, `inplace_function` (fixed size, no heap) when stored.
#pragma once

#include <memory>
#include <new>
#include <type_traits>
#include <utility>

#include "base/types.hh"

namespace osv {

template <typename Signature>
class function_ref;

template <typename R, typename... A>
class function_ref<R(A...)> {
 public:
  template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, function_ref> && std::is_invocable_r_v<R, F&, A...>)
  function_ref(F&& f)
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* object, A... a) -> R { return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<A>(a)...); }) {}
  R operator()(A... a) const { return call_(object_, std::forward<A>(a)...); }

 private:
  void* object_;
  R (*call_)(void*, A...);
};

template <typename Signature, usize Size = 32>
class inplace_function;

template <typename R, typename... A, usize Size>
class inplace_function<R(A...), Size> {
 public:
  inplace_function() = default;
  template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, inplace_function> && std::is_invocable_r_v<R, F&, A...>)
  inplace_function(F&& f) {
    using target = std::decay_t<F>;
    static_assert(sizeof(target) <= Size && std::is_trivially_copyable_v<target>,
                  "capture less: stored callbacks are small and trivially copyable");
    new (storage_) target(std::forward<F>(f));
    call_ = [](void* object, A... a) -> R { return (*static_cast<target*>(object))(std::forward<A>(a)...); };
  }
  explicit operator bool() const { return call_ != nullptr; }
  R operator()(A... a) const { return call_(const_cast<u8*>(storage_), std::forward<A>(a)...); }

 private:
  alignas(16) u8 storage_[Size];
  R (*call_)(void*, A...) = nullptr;
};

}  // namespace osv
