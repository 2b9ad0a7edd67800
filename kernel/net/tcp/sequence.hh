// Sequence numbers: comparisons modulo 2^32 (RFC 9293 §3.4).
#pragma once

#include "base/types.hh"

namespace osv::net::tcp {

constexpr bool before(u32 a, u32 b) { return static_cast<i32>(a - b) < 0; }
constexpr bool after(u32 a, u32 b) { return before(b, a); }
constexpr u32 latest(u32 a, u32 b) { return before(a, b) ? b : a; }
constexpr u32 earliest(u32 a, u32 b) { return before(a, b) ? a : b; }

}  // namespace osv::net::tcp
