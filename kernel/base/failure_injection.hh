// Failures on purpose, for tests: the n-th allocation or block request fails, once or from then on. Off in ordinary boots, where it
// costs one load.
#pragma once

#include <atomic>
#include <string_view>

#include "base/result.hh"

namespace osv::inject {

enum class point : u8 { allocation, block_request, count };

/// "allocation:1000": the 1,000th from now on fails; "allocation:1000+": that and all that follow. "block:…" likewise, and
/// "allocation:0" only counts. EINVAL.
result<> arm(std::string_view what);

/// Passes of `p` since arm(); 0 when it was not armed.
u64 passes(point p);

namespace detail {
extern std::atomic<bool> armed[static_cast<usize>(point::count)];
bool pass(point p);
}  // namespace detail

/// Does this one fail? Any context.
inline bool fails(point p) {
  return detail::armed[static_cast<usize>(p)].load(std::memory_order_relaxed) && detail::pass(p);
}

}  // namespace osv::inject
