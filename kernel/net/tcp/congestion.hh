// Congestion window: slow start (RFC 5681) and CUBIC (RFC 9438), in integers.
#pragma once

#include "base/types.hh"

namespace osv::net::tcp {

class congestion {
 public:
  static constexpr u32 initial_segments = 10;  // RFC 6928
  static constexpr u32 threshold_infinite = 0x7fffffff;

  static constexpr u32 limit_none = 1u << 30;

  /// `limit`: bytes that the window never exceeds.
  void reset(u32 mss, bool local, u32 limit = limit_none);
  u32 window() const { return window_; }          // bytes
  u32 threshold() const { return threshold_; }    // bytes
  bool in_slow_start() const { return window_ < threshold_; }

  /// `bytes` were delivered outside of recovery while the window was in full use.
  void acknowledged(u32 bytes, nanoseconds time, nanoseconds minimum_round_trip);
  /// A loss event begins: fast recovery. The window goes to the new threshold at once (RFC 6675).
  void loss(nanoseconds time);
  /// Retransmission time-out: some segments more than what is still taken for `in_flight`, bytes.
  void timeout(u64 in_flight, bool first, u32 segments = 1);
  /// Slow start while recovering from a time-out.
  void recovering(u32 bytes);
  /// The last reduction was a mistake.
  void undo();
  void set_mss(u32 mss) { mss_ = mss; }

 private:
  static u32 cube_root(u64 value);
  void reduce();

  u32 mss_ = 536;
  u32 limit_ = limit_none;
  u32 window_ = 5360;
  u32 threshold_ = threshold_infinite;
  u32 before_window_ = 0, before_threshold_ = 0, before_maximum_ = 0;
  // CUBIC (RFC 9438 §4): bytes and milliseconds
  u32 maximum_ = 0;        // W_max
  u32 origin_ = 0;         // W at the plateau of this epoch
  u32 plateau_ms_ = 0;     // K
  u64 estimate_ = 0;       // W_est
  nanoseconds epoch_ = 0;  // 0: no epoch yet
  u32 credit_ = 0;         // fractions of a byte's growth not yet given
};

}  // namespace osv::net::tcp
