// Tracepoints: named places in the kernel that write an event when somebody listens. Disabled, one costs a load and a
// predicted branch. The kernel's own are listed in trace/points.hh.
#pragma once

#include <span>
#include <string_view>
#include <type_traits>

#include "base/types.hh"

namespace osv::trace {

/// A string literal as a template argument.
template <usize Size>
struct fixed_string {
  char text[Size];
  consteval fixed_string(const char (&literal)[Size]) {
    for (usize i = 0; i < Size; ++i) text[i] = literal[i];
  }
};

constexpr usize arguments_max = 4;

/// What every tracepoint is, whatever its arguments. They lie side by side in the section `tracepoints`, as an array: hence
/// the fixed size and alignment.
struct alignas(64) tracepoint_base {
  const char* name;
  const char* const* argument_names;
  u32 enabled = 0;
  u8 argument_count;
  u8 filter_argument = arguments_max;  // which argument must equal filter_value; arguments_max: no such filter
  u32 filter_thread = 0;               // only events of this thread; 0: of all
  u64 filter_value = 0;
  u64 hits = 0;  // events written since boot

  constexpr tracepoint_base(const char* n, const char* const* names, u8 count)
      : name(n), argument_names(names), argument_count(count) {}
  tracepoint_base(const tracepoint_base&) = delete;

  bool is_enabled() const { return __atomic_load_n(&enabled, __ATOMIC_RELAXED); }

 protected:
  /// Writes an event to this CPU's ring (trace/ring.hh), unless a filter says no. Safe in any context.
  void record(const u64 (&arguments)[arguments_max]);
};
static_assert(sizeof(tracepoint_base) == 64);

/// What events show in the place of a kernel object's address: 32 bits that tell objects apart through one boot, but not where
/// they are.
u64 alias_of(u64 address);
/// The secret of this boot that alias_of() uses.
void set_alias_key(u64 key);

template <fixed_string Name, fixed_string... ArgumentNames>
  requires(sizeof...(ArgumentNames) <= arguments_max)
class tracepoint : public tracepoint_base {
 public:
  constexpr tracepoint() : tracepoint_base(Name.text, names_, sizeof...(ArgumentNames)) {}

  template <typename... A>
    requires(sizeof...(A) == sizeof...(ArgumentNames))
  void operator()(A... arguments) {
    if (is_enabled()) [[unlikely]]
      record({to_word(arguments)...});
  }

 private:
  static constexpr const char* names_[sizeof...(ArgumentNames) + 1] = {ArgumentNames.text..., nullptr};

  template <typename T>
  static u64 to_word(T value) {
    if constexpr (std::is_pointer_v<T>)
      return alias_of(reinterpret_cast<u64>(value));
    else
      return static_cast<u64>(value);
  }
};

/// Every tracepoint that is linked in, in the order of their identifiers (event::tracepoint).
std::span<tracepoint_base> tracepoints();
/// nullptr if there is none of that name.
tracepoint_base* find_tracepoint(std::string_view name);

/// Switches a tracepoint on or off. Events are lost until its CPU has a ring (telemetry/ gives rings).
inline void set_enabled(tracepoint_base& point, bool on) { __atomic_store_n(&point.enabled, on ? 1u : 0u, __ATOMIC_RELAXED); }

/// The slot through which the scheduler tells the running thread's id. Called with interrupts off.
void set_thread_id_source(u32 (*source)());

}  // namespace osv::trace
