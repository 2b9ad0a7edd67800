// Fixed-width names used everywhere in the kernel.
#pragma once

#include <cstddef>
#include <cstdint>

namespace osv {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i8 = std::int8_t;
using i16 = std::int16_t;
using i32 = std::int32_t;
using i64 = std::int64_t;
using usize = std::size_t;
using isize = std::ptrdiff_t;
using uptr = std::uintptr_t;

/// A physical address, in bytes. A type of its own, so that it is never dereferenced by mistake.
enum class physical_address : u64 {};

constexpr u64 to_u64(physical_address address) { return static_cast<u64>(address); }
constexpr physical_address operator+(physical_address a, u64 bytes) { return physical_address{to_u64(a) + bytes}; }
constexpr u64 operator-(physical_address a, physical_address b) { return to_u64(a) - to_u64(b); }

constexpr usize page_size = 4096;
constexpr usize page_shift = 12;
constexpr usize huge_page_size = 2 * 1024 * 1024;

constexpr u64 align_down(u64 value, u64 alignment) { return value & ~(alignment - 1); }
constexpr u64 align_up(u64 value, u64 alignment) { return (value + alignment - 1) & ~(alignment - 1); }
constexpr bool is_aligned(u64 value, u64 alignment) { return (value & (alignment - 1)) == 0; }

/// Nanoseconds. Points in time count from boot (CLOCK_MONOTONIC).
using nanoseconds = i64;
constexpr nanoseconds microsecond = 1000;
constexpr nanoseconds millisecond = 1000 * microsecond;
constexpr nanoseconds second = 1000 * millisecond;
constexpr nanoseconds never = INT64_MAX;

/// Base class of everything that must keep its address.
struct pinned {
  pinned() = default;
  pinned(const pinned&) = delete;
  pinned& operator=(const pinned&) = delete;
};

}  // namespace osv
