// Round-trip time and retransmission time-out (RFC 6298).
#pragma once

#include "base/types.hh"
#include "trace/count.hh"

namespace osv::net::tcp {

class round_trip {
 public:
  static constexpr nanoseconds timeout_min = 200 * millisecond;  // as Linux; RFC 6298 allows less than its 1 s where clocks are fine
  static constexpr nanoseconds timeout_max = 120 * second;
  static constexpr nanoseconds timeout_initial = second;

  nanoseconds smoothed() const { return smoothed_; }
  nanoseconds variation() const { return variation_; }
  bool known() const { return smoothed_ != 0; }

  void sample(nanoseconds r) {
    if (r < 1) r = 1;
    trace::record(trace::histogram::tcp_round_trip, r);
    if (!known()) {
      smoothed_ = r;
      variation_ = r / 2;
      return;
    }
    const nanoseconds error = r > smoothed_ ? r - smoothed_ : smoothed_ - r;
    variation_ += (error - variation_) / 4;
    smoothed_ += (r - smoothed_) / 8;
    if (smoothed_ < 1) smoothed_ = 1;
  }
  /// Time-out without back-off.
  nanoseconds timeout() const {
    if (!known()) return timeout_initial;
    nanoseconds spread = 4 * variation_;
    if (spread < timeout_min) spread = timeout_min;  // Linux's reading: the floor is on the variation's part
    const nanoseconds t = smoothed_ + spread;
    return t > timeout_max ? timeout_max : t;
  }
  nanoseconds timeout(unsigned backoffs) const {
    nanoseconds t = timeout();
    for (unsigned i = 0; i < backoffs && t < timeout_max; ++i) t *= 2;
    return t > timeout_max ? timeout_max : t;
  }

 private:
  nanoseconds smoothed_ = 0;
  nanoseconds variation_ = 0;
};

}  // namespace osv::net::tcp
