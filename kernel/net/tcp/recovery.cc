// Losses: finding them (RACK-TLP, RFC 8985; NewReno without SACK, RFC 6582), the answer to them, time-outs, and taking an
// answer back that was given to a reordering (Eifel, RFC 3522 and 4015; D-SACK, RFC 3708; F-RTO, RFC 5682).
#include "net/tcp/connection.hh"
#include "trace/count.hh"

namespace osv::net::tcp {

namespace {

constexpr u8 timeouts_max = 15;          // Linux's tcp_retries2: about 15 minutes
constexpr u8 timeouts_orphan_max = 8;    // tcp_orphan_retries
constexpr u8 syn_ack_retries_max = 5;    // tcp_synack_retries
constexpr u32 duplicate_threshold = 3;
constexpr nanoseconds single_segment_delay = 200 * millisecond;  // RFC 8985 §7.2: the peer may delay its acknowledgement

}  // namespace

nanoseconds connection::reorder_window() const {
  // RFC 8985 §6.2 step 4. Where packets overtake others by a large part of the round trip, the smallest round trip is one of
  // an overtaker and tells nothing about the way: what was seen to come late counts as well.
  if (!score_.reordering_seen && (phase_ != phase::open || score_.sacked_segments(mss_) >= duplicate_threshold)) return 0;
  if (score_.minimum_round_trip == never) return 0;
  nanoseconds window = reorder_multiplier_ * score_.minimum_round_trip / 4;
  const nanoseconds late = score_.lateness + score_.lateness / 8;
  if (late > window) window = late;
  return window < round_trip_.smoothed() ? window : round_trip_.smoothed();
}

/// Looks for proof that the last reduction of the window answered a reordering or a delay, not a loss.
bool connection::was_spurious(const delivery& d, bool advanced, const segment& g) {
  if (!may_undo_) return false;
  // Eifel detection (RFC 3522): the oldest bytes were sent again, but the acknowledgement answers their first transmission.
  if (advanced && d.first_resent && timestamps_ && g.timestamp_echo && before(g.timestamp_echo, timestamp(d.first_resent_at))) {
    score_.original_arrived(d.first_sent_at, clock());
    return true;
  }
  // F-RTO (RFC 5682 §3): after a time-out, bytes came through that were not sent again. Without SACK they may have waited there
  // for the one that was.
  if (sack_ && phase_ == phase::loss && d.lost_recovered) return true;
  // Everything that was sent again came twice (RFC 3708), or nothing had to be.
  if (d.duplicates && resent_in_episode_) {
    const u32 segments = (d.duplicates + mss_ - 1) / mss_;
    unproven_resends_ -= segments < unproven_resends_ ? segments : unproven_resends_;
    return unproven_resends_ == 0 && !score_.lost();
  }
  return phase_ == phase::recovery && d.lost_recovered && !resent_in_episode_ && !score_.lost();
}

void connection::undo_reduction() {
  may_undo_ = false;
  congestion_.undo();
  score_.unmark_lost();  // what is lost nevertheless is found again
  if (phase_ != phase::open) end_recovery();
}

void connection::end_recovery() {
  phase_ = phase::open;
  duplicate_acks_ = 0;
  if (reorder_persist_ && --reorder_persist_ == 0) {
    reorder_multiplier_ = 1;
    score_.lateness /= 2;
    if (score_.lateness > millisecond) reorder_persist_ = reorder_persistence;
  }
}

void connection::recover(const delivery& d, bool advanced, bool duplicate, const segment& g) {
  const nanoseconds time = clock();
  const nanoseconds lateness = score_.lateness;
  const bool spurious = was_spurious(d, advanced, g);
  if (spurious) undo_reduction();
  if (phase_ != phase::open && advanced && !before(snd_una_, recovery_point_)) end_recovery();
  nanoseconds wait = 0;
  bool found = false;
  if (sack_) {
    wait = score_.detect_losses(time, reorder_window(), found);
  } else if (duplicate) {
    ++duplicate_acks_;
    if (duplicate_acks_ == duplicate_threshold && phase_ == phase::open) {
      score_.mark_first_lost(mss_);
      found = true;
    }
  } else if (advanced) {
    duplicate_acks_ = 0;
    if (phase_ == phase::recovery) score_.mark_first_lost(mss_);  // a partial acknowledgement (RFC 6582 §3.2)
  }
  if (score_.lateness > lateness || d.duplicates) reorder_persist_ = reorder_persistence;
  // What was sent again and lost again stays marked when a reduction is taken back: it calls for one of its own.
  if ((found || (spurious && score_.lost())) && phase_ == phase::open) enter_recovery();
  if (score_.reordering_seen) reordering_seen = 1;

  const u32 delivered = d.acknowledged + d.sacked;
  if (phase_ == phase::open) {
    if (delivered && cwnd_limited_) congestion_.acknowledged(delivered, time, score_.minimum_round_trip);
  } else if (phase_ == phase::loss && delivered) {
    congestion_.recovering(delivered);
  } else if (phase_ == phase::recovery && delivered) {
    reduction_.acknowledged(delivered, score_.in_flight(), congestion_.window(), mss_, advanced && !found);
  }
  if (wait > 0) {
    retransmit_at_ = time + wait;
    retransmit_kind_ = retransmit_kind::reorder;
  } else if (advanced || retransmit_kind_ == retransmit_kind::none || retransmit_kind_ == retransmit_kind::reorder) {
    arm_retransmission();
  }
  dirty_ = true;
}

void connection::enter_recovery() {
  trace::count(trace::counter::tcp_fast_retransmits);
  phase_ = phase::recovery;
  recovery_point_ = snd_nxt_;
  reduction_.start(score_.in_flight(), score_.lost(), mss_);
  congestion_.loss(clock());
  begin_episode();
}

/// The window was reduced: what comes next may show that this was wrong.
void connection::begin_episode() {
  may_undo_ = true;
  episode_start_ = snd_una_;
  resent_in_episode_ = false;
  unproven_resends_ = 0;
}

void connection::arm_retransmission() {
  const nanoseconds time = clock();
  if (score_.empty()) {
    const bool stuck = (unsent_bytes() || (send_shutdown_ && !fin_sent_)) && snd_wnd_ < mss_;
    if (!stuck) {
      retransmit_at_ = never;
      retransmit_kind_ = retransmit_kind::none;
    }
    return;
  }
  const nanoseconds timeout = round_trip_.timeout(backoffs_);
  retransmit_kind_ = retransmit_kind::timeout;
  retransmit_at_ = time + timeout;
  if (phase_ != phase::open || probe_outstanding_ || backoffs_ || !round_trip_.known() || score_.lost()) return;
  // RFC 8985 §7.2: a probe before the time-out, so that a lost tail is found by SACK. Without SACK it finds lost acknowledgements.
  nanoseconds probe = 2 * round_trip_.smoothed() + 2 * millisecond;
  if (score_.in_flight() <= mss_) probe += single_segment_delay;
  if (probe >= timeout) return;
  retransmit_kind_ = retransmit_kind::probe;
  retransmit_at_ = time + probe;
}

void connection::tail_loss_probe() {
  if (score_.empty()) return;
  probe_outstanding_ = true;
  send_at_tail();
  probe_end_ = snd_nxt_;
  retransmit_kind_ = retransmit_kind::timeout;
  retransmit_at_ = clock() + round_trip_.timeout(backoffs_);
}

/// One segment that the peer answers whatever it has: new data, or the last segment again.
void connection::send_at_tail() {
  if (send_new(true)) return;
  sent_record* last = score_.last();
  if (last->end - last->start > mss_ && score_.split(*last, last->end - mss_).ok()) last = score_.last();
  if (!last->sacked) (void)resend(*last);
}

void connection::retransmission_timeout() {
  const nanoseconds time = clock();
  trace::count(trace::counter::tcp_timeouts);
  if (state_ == state::syn_sent || state_ == state::syn_received) {
    const u32 limit = state_ == state::syn_sent ? options.syn_count : syn_ack_retries_max;
    if (syn_retries_ >= limit) return finish(soft_error_ != errc::ok ? soft_error_ : errc::timed_out);
    ++syn_retries_;
    ++backoffs_;
    return send_syn();
  }
  if (score_.empty()) return;
  const bool too_long = options.user_timeout_ms && time - progress_at_ >= options.user_timeout_ms * millisecond;
  if (backoffs_ >= (attached_ ? timeouts_max : timeouts_orphan_max) || too_long)
    return finish(soft_error_ != errc::ok ? soft_error_ : errc::timed_out);
  if (device_is_full()) {  // what is missing may not have left yet
    if (backoffs_ < 255) ++backoffs_;
    retransmit_kind_ = retransmit_kind::timeout;
    retransmit_at_ = time + round_trip_.timeout(backoffs_);
    return;
  }
  const bool first = phase_ != phase::loss;
  // If the first byte outstanding was sacked, the peer has dropped what it had promised (RFC 2018 §8).
  const nanoseconds patience = sack_ && round_trip_.known() ? round_trip_.smoothed() + reorder_window() : 0;
  score_.mark_all_lost(score_.first()->sacked, time - patience);
  // A peer without SACK that stays silent may have more than it said: passt of Debian 12 says nothing twice, and loses what it
  // says when the machine is slow to take it. It speaks again when it gets the next byte that it wants, or one far behind.
  u32 segments = 1;
  if (!sack_ && backoffs_) {
    // Beyond the window goes a single byte, as into a window of zero (RFC 9293 §3.8.6.1).
    if (!unsent_bytes() || usable_window() || !transmit(snd_nxt_, 1, tcp_ack).ok()) send_at_tail();
    segments = 1u << 2 * (backoffs_ < 3 ? backoffs_ : 3);
  }
  congestion_.timeout(score_.in_flight(), first, segments);
  phase_ = phase::loss;
  recovery_point_ = snd_nxt_;
  probe_outstanding_ = false;
  duplicate_acks_ = 0;
  begin_episode();
  may_undo_ = first;
  if (backoffs_ < 255) ++backoffs_;
  route_generation_ = 0;  // the way may have changed
  dirty_ = true;
}

void connection::probe_window() {
  if (score_.empty() && (unsent_bytes() || (send_shutdown_ && !fin_sent_))) {
    const bool too_long = options.user_timeout_ms && clock() - progress_at_ >= options.user_timeout_ms * millisecond;
    if (probes_sent_ >= (attached_ ? timeouts_max : timeouts_orphan_max) || too_long)
      return finish(soft_error_ != errc::ok ? soft_error_ : errc::timed_out);
    // RFC 9293 §3.8.6.1. An old sequence number makes the peer state its window; a small window is used up instead.
    if (!send_new(true)) (void)transmit(snd_una_ - 1, 0, tcp_ack);
    ++probes_sent_;
    if (backoffs_ < 10) ++backoffs_;
  }
  dirty_ = true;
}

}  // namespace osv::net::tcp
