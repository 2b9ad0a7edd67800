// What acknowledgements say: progress, SACK, loss detection (RACK-TLP, RFC 8985; NewReno without SACK, RFC 6582), time-outs.
#include "net/poll_bits.hh"
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

/// The fast path's share: the acknowledgement lies in (SND.UNA, SND.NXT], or is SND.UNA, and nothing is amiss.
void connection::acknowledged_in_order(const segment& g, nanoseconds time) {
  delivery d;
  score_.acknowledge(g.acknowledgement, time, d);
  bytes_acknowledged += g.acknowledgement - snd_una_;
  snd_una_ = g.acknowledgement;
  snd_wl1_ = g.sequence;
  snd_wl2_ = g.acknowledgement;
  send_.acknowledge(earliest(snd_una_, send_.end()));
  progress_at_ = time;
  backoffs_ = probes_sent_ = 0;
  if (d.round_trip >= 0) round_trip_.sample(d.round_trip);
  if (cwnd_limited_) congestion_.acknowledged(d.acknowledged, time, score_.minimum_round_trip);
  if (probe_outstanding_ && !before(snd_una_, probe_end_)) probe_outstanding_ = false;
  arm_retransmission();
}

bool connection::process_acknowledgement(const segment& g) {
  const u32 ack = g.acknowledgement;
  // RFC 5961 §5: acknowledgements of what was never sent, or of long ago, are answered and dropped.
  if (after(ack, snd_nxt_) || before(ack, snd_una_ - snd_max_wnd_)) {
    challenge();
    return false;
  }
  const nanoseconds time = clock();
  const bool advanced = after(ack, snd_una_);
  const bool duplicate = ack == snd_una_ && g.length == 0 && !g.fin() && g.window << snd_scale_ == snd_wnd_ && !score_.empty();
  delivery d;
  probes_sent_ = 0;
  if (advanced) {
    score_.acknowledge(ack, time, d);
    bytes_acknowledged += ack - snd_una_;
    snd_una_ = ack;
    send_.acknowledge(earliest(ack, send_.end()));
    progress_at_ = time;
    backoffs_ = 0;
    if (small_pending_ && !before(ack, small_sent_)) small_pending_ = false;
    if (probe_outstanding_ && !before(ack, probe_end_)) probe_outstanding_ = false;
  }
  if (sack_ && g.sack_count && !before(ack, snd_una_)) process_sacks(g, time, d);
  if (!before(ack, snd_una_)) update_send_window(g);
  if (d.round_trip >= 0) {
    round_trip_.sample(d.round_trip);
  } else if (advanced && timestamps_ && g.timestamp_echo) {
    const u32 age = timestamp(time) - g.timestamp_echo;  // milliseconds; Karn's problem does not arise (RFC 7323 §4)
    if (age < 120'000) round_trip_.sample(static_cast<nanoseconds>(age) * millisecond + 1);
  }
  recover(d, advanced, duplicate, g);
  if (advanced) arm_retransmission();
  return true;
}

void connection::process_sacks(const segment& g, nanoseconds time, delivery& d) {
  for (u8 i = 0; i < g.sack_count; ++i) {
    const sack_block& b = g.sacks[i];
    // A block outside of what is outstanding is a D-SACK or nonsense: no state follows from it.
    if (!after(b.end, b.start) || !after(b.end, snd_una_) || after(b.end, snd_nxt_) || before(b.start, snd_una_)) {
      if (i == 0 && !after(b.end, snd_una_) && after(b.end, b.start) && reorder_multiplier_ < 20) ++reorder_multiplier_;  // RFC 8985 §6.2 step 4
      continue;
    }
    score_.sack(b, time, d);
  }
}

void connection::update_send_window(const segment& g) {
  // RFC 9293 §3.10.7.4, window update.
  if (!before(snd_wl1_, g.sequence) && !(snd_wl1_ == g.sequence && !after(snd_wl2_, g.acknowledgement))) return;
  snd_wl1_ = g.sequence;
  snd_wl2_ = g.acknowledgement;
  const u32 window = g.window << (g.syn() ? 0 : snd_scale_);
  if (window != snd_wnd_ && retransmit_kind_ == retransmit_kind::window_probe) {
    retransmit_at_ = never;
    retransmit_kind_ = retransmit_kind::none;
    if (window) backoffs_ = 0;
  }
  snd_wnd_ = window;
  if (window > snd_max_wnd_) snd_max_wnd_ = window;
}

nanoseconds connection::reorder_window() const {
  // RFC 8985 §6.2 step 4.
  if (!score_.reordering_seen && (phase_ != phase::open || score_.sacked_segments(mss_) >= duplicate_threshold)) return 0;
  if (score_.minimum_round_trip == never) return 0;
  const nanoseconds window = reorder_multiplier_ * score_.minimum_round_trip / 4;
  return window < round_trip_.smoothed() ? window : round_trip_.smoothed();
}

void connection::recover(const delivery& d, bool advanced, bool duplicate, const segment& g) {
  const nanoseconds time = clock();
  if (phase_ == phase::loss && may_undo_ && advanced) {
    // Eifel (RFC 3522): the acknowledgement answers the original transmission, the time-out was spurious.
    may_undo_ = false;
    if (timestamps_ && g.timestamp_echo && before(g.timestamp_echo, loss_started_timestamp_)) {
      score_.unmark_lost();
      congestion_.undo();
      phase_ = phase::open;
    }
  }
  if (phase_ != phase::open && advanced && !before(snd_una_, recovery_point_)) {
    phase_ = phase::open;
    duplicate_acks_ = 0;
    if (reorder_multiplier_ > 1) --reorder_multiplier_;
  }
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
  if (found && phase_ == phase::open) enter_recovery();
  if (score_.reordering_seen) reordering_seen = 1;

  const u32 delivered = d.acknowledged + d.sacked;
  if (phase_ == phase::open) {
    if (delivered && cwnd_limited_) congestion_.acknowledged(delivered, time, score_.minimum_round_trip);
  } else if (phase_ == phase::loss && delivered) {
    congestion_.recovering(delivered);
  }
  if (wait > 0) {
    retransmit_at_ = time + wait;
    retransmit_kind_ = retransmit_kind::reorder;
  } else if (retransmit_kind_ == retransmit_kind::none || retransmit_kind_ == retransmit_kind::reorder) {
    arm_retransmission();
  }
  dirty_ = true;
}

void connection::enter_recovery() {
  trace::count(trace::counter::tcp_fast_retransmits);
  phase_ = phase::recovery;
  recovery_point_ = snd_nxt_;
  congestion_.loss(clock());
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
  if (phase_ != phase::open || !sack_ || probe_outstanding_ || backoffs_ || !round_trip_.known() || score_.lost()) return;
  // RFC 8985 §7.2: a probe before the time-out, so that a lost tail is found by SACK.
  nanoseconds probe = 2 * round_trip_.smoothed() + 2 * millisecond;
  if (score_.in_flight() <= mss_) probe += single_segment_delay;
  if (probe >= timeout) return;
  retransmit_kind_ = retransmit_kind::probe;
  retransmit_at_ = time + probe;
}

void connection::tail_loss_probe() {
  if (score_.empty()) return;
  probe_outstanding_ = true;
  if (!send_new(true)) {
    sent_record* last = score_.last();
    if (last->end - last->start > mss_ && score_.split(*last, last->end - mss_).ok()) last = score_.last();
    if (!last->sacked) (void)resend(*last);
  }
  probe_end_ = snd_nxt_;
  retransmit_kind_ = retransmit_kind::timeout;
  retransmit_at_ = clock() + round_trip_.timeout(backoffs_);
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
  const bool first = phase_ != phase::loss;
  // If the first byte outstanding was sacked, the peer has dropped what it had promised (RFC 2018 §8).
  score_.mark_all_lost(score_.first()->sacked);
  congestion_.timeout(static_cast<u32>(score_.in_flight()), first);
  phase_ = phase::loss;
  recovery_point_ = snd_nxt_;
  probe_outstanding_ = false;
  duplicate_acks_ = 0;
  may_undo_ = first;
  loss_started_timestamp_ = timestamp(time);
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
