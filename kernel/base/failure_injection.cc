#include "base/failure_injection.hh"

namespace osv::inject {

namespace detail {

constinit std::atomic<bool> armed[static_cast<usize>(point::count)]{};

namespace {

struct state {
  std::atomic<u64> passes{0};
  u64 first = 0;  // that fails, from 1; 0: none
  bool for_ever = false;
};
constinit state states[static_cast<usize>(point::count)];

}  // namespace

bool pass(point p) {
  state& s = states[static_cast<usize>(p)];
  const u64 number = s.passes.fetch_add(1, std::memory_order_relaxed) + 1;
  return s.first && (s.for_ever ? number >= s.first : number == s.first);
}

}  // namespace detail

result<> arm(std::string_view what) {
  const usize colon = what.find(':');
  if (colon == std::string_view::npos) return fail(errc::invalid);
  const std::string_view name = what.substr(0, colon);
  std::string_view number = what.substr(colon + 1);
  const bool for_ever = number.ends_with('+');
  if (for_ever) number.remove_suffix(1);
  if (number.empty() || number.size() > 18) return fail(errc::invalid);
  u64 first = 0;
  for (const char c : number) {
    if (c < '0' || c > '9') return fail(errc::invalid);
    first = first * 10 + static_cast<u64>(c - '0');
  }
  if (name != "allocation" && name != "block") return fail(errc::invalid);
  const auto p = static_cast<usize>(name == "block" ? point::block_request : point::allocation);
  detail::state& s = detail::states[p];
  s.passes.store(0, std::memory_order_relaxed);
  s.first = first;
  s.for_ever = for_ever;
  // release: who sees it armed sees the rest.
  detail::armed[p].store(true, std::memory_order_release);
  return {};
}

u64 passes(point p) { return detail::states[static_cast<usize>(p)].passes.load(std::memory_order_relaxed); }

}  // namespace osv::inject
