#include "net/tcp/congestion.hh"

#include <algorithm>

namespace osv::net::tcp {

void congestion::reset(u32 mss, bool local, u32 limit) {
  *this = congestion{};
  mss_ = mss;
  limit_ = limit;
  // RFC 6928: min(10 MSS, max(2 MSS, 14600)). Within the machine there is nothing to congest.
  window_ = local ? initial_segments * mss : std::min(initial_segments * mss, std::max(2 * mss, 14600u));
}

u32 congestion::cube_root(u64 value) {
  u64 low = 0, high = 2642245;  // the largest cube root of 64 bits
  while (low < high) {
    const u64 middle = (low + high + 1) / 2;
    if (middle * middle * middle <= value)
      low = middle;
    else
      high = middle - 1;
  }
  return static_cast<u32>(low);
}

void congestion::acknowledged(u32 bytes, nanoseconds time, nanoseconds minimum_round_trip) {
  if (in_slow_start()) {
    const u32 room = threshold_ - window_;
    const u32 step = std::min(bytes, room);
    window_ = std::min(window_ + step, limit_);
    bytes -= step;
    if (!bytes) return;
  }
  if (!epoch_) {
    epoch_ = time;
    estimate_ = window_;
    if (window_ < maximum_) {
      // K = cbrt((W_max - cwnd) / C), C = 0.4 segments per cubic second: in ms, cbrt(segments · 2.5 · 10^9).
      plateau_ms_ = cube_root(static_cast<u64>(maximum_ - window_) * 2'500'000'000ull / mss_);
      origin_ = maximum_;
    } else {
      plateau_ms_ = 0;
      origin_ = window_;
    }
  }
  const i64 elapsed = (time - epoch_ + (minimum_round_trip == never ? 0 : minimum_round_trip)) / millisecond;
  const i64 offset = std::clamp<i64>(elapsed - plateau_ms_, -1'000'000, 1'000'000);
  // W(t) = C (t - K)^3 + W_max; 0.4 / 10^9 per cubic millisecond.
  const i64 segments_millionths = offset * offset * offset / 2500;
  const i64 target_signed = static_cast<i64>(origin_) + static_cast<i64>(static_cast<__int128>(segments_millionths) * mss_ / 1'000'000);
  const u64 target = static_cast<u64>(std::clamp<i64>(target_signed, window_, static_cast<i64>(window_) * 3 / 2));
  // W_est, the window that Reno would have: alpha = 3 (1 - 0.7) / (1 + 0.7) = 9/17.
  estimate_ += static_cast<u64>(bytes) * mss_ * 9 / 17 / window_;
  if (estimate_ > target) {
    if (estimate_ > window_) window_ = static_cast<u32>(std::min<u64>(estimate_, limit_));
    return;
  }
  const u64 growth = static_cast<u64>(bytes) * (target - window_) + credit_;
  window_ = static_cast<u32>(std::min<u64>(window_ + growth / window_, limit_));
  credit_ = static_cast<u32>(growth % window_);
}

void congestion::reduce() {
  before_window_ = window_;
  before_threshold_ = threshold_;
  before_maximum_ = maximum_;
  // Fast convergence (RFC 9438 §4.7): a flow whose maximum shrinks gives way to new ones.
  maximum_ = window_ < maximum_ ? static_cast<u32>(static_cast<u64>(window_) * 17 / 20) : window_;
  threshold_ = std::max(static_cast<u32>(static_cast<u64>(window_) * 7 / 10), 2 * mss_);
  epoch_ = 0;
  credit_ = 0;
}

void congestion::loss(nanoseconds) {
  reduce();
  window_ = threshold_;
}

void congestion::timeout(u64 in_flight, bool first, u32 segments) {
  if (first) reduce();
  window_ = static_cast<u32>(std::min<u64>(in_flight + u64{segments} * mss_, limit_));
  epoch_ = 0;
}

void congestion::recovering(u32 bytes) {
  if (in_slow_start()) window_ = std::min(window_ + bytes, threshold_);
}

void congestion::undo() {
  if (!before_window_) return;
  window_ = std::max(window_, before_window_);
  threshold_ = std::max(threshold_, before_threshold_);
  maximum_ = before_maximum_;
  epoch_ = 0;
  before_window_ = 0;
}

}  // namespace osv::net::tcp
