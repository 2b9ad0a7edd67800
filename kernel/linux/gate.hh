// From typed handlers to the uniform system-call table. A handler is an ordinary function such as
// `result<usize> sys_read(int fd, void* into, usize size)`; `gate<sys_read>` converts registers and result, once, here.
#pragma once

#include "base/result.hh"

namespace osv::linux_abi {

using system_call_handler = i64 (*)(u64, u64, u64, u64, u64, u64);

template <typename T>
T argument_from(u64 value) {
  if constexpr (std::is_pointer_v<T>)
    return reinterpret_cast<T>(value);
  else
    return static_cast<T>(value);
}

inline i64 to_linux(const result<>& r) { return r.ok() ? 0 : -static_cast<i64>(r.error()); }
template <typename T>
i64 to_linux(const result<T>& r) {
  if (!r.ok()) return -static_cast<i64>(r.error());
  if constexpr (std::is_pointer_v<T>)
    return reinterpret_cast<i64>(r.value());
  else
    return static_cast<i64>(r.value());
}
inline i64 to_linux(i64 value) { return value; }

template <auto Handler, typename Signature = decltype(Handler)>
struct gate_for;
template <auto Handler, typename R, typename... A>
struct gate_for<Handler, R (*)(A...)> {
  static_assert(sizeof...(A) <= 6);
  static i64 call(u64 a, u64 b, u64 c, u64 d, u64 e, u64 f) {
    const u64 raw[6] = {a, b, c, d, e, f};
    return invoke(raw, std::make_index_sequence<sizeof...(A)>{});
  }
  template <usize... I>
  static i64 invoke([[maybe_unused]] const u64* raw, std::index_sequence<I...>) {
    return to_linux(Handler(argument_from<A>(raw[I])...));
  }
};
template <auto Handler>
constexpr system_call_handler gate = &gate_for<Handler>::call;

enum class support : u8 { none, partial, full };

struct system_call {
  const char* name;
  system_call_handler handler;  // nullptr: not implemented
  support status;
};

/// Every x86-64 system call by number; linux/syscalls/table.cc.
constexpr unsigned system_calls_max = 512;
struct system_call_list {
  system_call entries[system_calls_max];
  constexpr const system_call& operator[](usize number) const { return entries[number]; }
};
extern const system_call_list system_call_table;

}  // namespace osv::linux_abi
