// Proportional rate reduction (RFC 6937): in fast recovery the window sinks with what is delivered, segment by segment, so
// that it ends at the slow-start threshold without a pause, and never falls below it for want of acknowledgements.
#pragma once

#include "base/types.hh"

namespace osv::net::tcp {

class rate_reduction {
 public:
  /// Recovery begins with `in_flight` bytes on the way; RecoverFS counts those that were just found lost too.
  void start(u64 in_flight, u64 lost, u32 mss) {
    delivered_ = sent_ = 0;
    flight_ = in_flight + lost ? in_flight + lost : mss;
    window_ = in_flight + mss;  // the first retransmission goes in any case
  }
  /// An acknowledgement brought `bytes`. `progress`: SND.UNA moved and nothing new was found lost.
  void acknowledged(u32 bytes, u64 in_flight, u32 threshold, u32 mss, bool progress) {
    delivered_ += bytes;
    u64 more;
    if (in_flight > threshold) {
      const u64 due = (delivered_ * threshold + flight_ - 1) / flight_;
      more = due > sent_ ? due - sent_ : 0;
    } else {
      // Packet conservation; a slow start where the acknowledgements tell good news (RFC 6937, PRR-SSRB).
      u64 bound = delivered_ > sent_ ? delivered_ - sent_ : 0;
      if (bytes > bound) bound = bytes;
      if (progress) bound += mss;
      const u64 room = threshold - in_flight;
      more = room < bound ? room : bound;
    }
    if (!sent_ && more < mss) more = mss;
    window_ = in_flight + more;
  }
  void sent(u32 bytes) { sent_ += bytes; }
  /// Bytes that may be on the way.
  u64 window() const { return window_; }

 private:
  u64 delivered_ = 0, sent_ = 0, flight_ = 1, window_ = 0;
};

}  // namespace osv::net::tcp
