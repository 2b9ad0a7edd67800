// What acknowledgements say: progress, SACK, D-SACK, the peer's window.
#include "net/poll_bits.hh"
#include "net/tcp/connection.hh"
#include "trace/count.hh"

namespace osv::net::tcp {

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
  if (sack_ && g.sack_count) process_sacks(g, time, d);
  if (!before(ack, snd_una_)) update_send_window(g);
  if (d.round_trip >= 0) {
    round_trip_.sample(d.round_trip);
  } else if (advanced && timestamps_ && g.timestamp_echo) {
    const u32 age = timestamp(time) - g.timestamp_echo;  // milliseconds; Karn's problem does not arise (RFC 7323 §4)
    if (age < 120'000) round_trip_.sample(static_cast<nanoseconds>(age) * millisecond + 1);
  }
  recover(d, advanced, duplicate, g);
  return true;
}

void connection::process_sacks(const segment& g, nanoseconds time, delivery& d) {
  for (u8 i = 0; i < g.sack_count; ++i) {
    const sack_block& b = g.sacks[i];
    if (!after(b.end, b.start) || after(b.end, snd_nxt_)) continue;
    // The first block is a D-SACK if it lies below the acknowledgement or within the second one (RFC 2883 §4).
    const bool again = !after(b.end, g.acknowledgement) || (g.sack_count > 1 && !before(b.start, g.sacks[1].start) && !after(b.end, g.sacks[1].end));
    if (i == 0 && again) {
      if (snd_una_ - b.start <= snd_max_wnd_ || after(b.end, snd_una_)) note_duplicate(b, d);
      continue;
    }
    if (before(b.start, snd_una_)) continue;  // old news, or nonsense
    score_.sack(b, time, d);
  }
}

/// RFC 8985 §6.2 step 4: once a round trip, a needless retransmission widens the reordering window.
void connection::note_duplicate(const sack_block& b, delivery& d) {
  ++duplicates_seen;
  if (duplicates_seen > retransmits_total_) return;  // the network makes them
  if (after(b.end, episode_start_) && !after(b.end, recovery_point_)) d.duplicates += b.end - b.start;
  if (!score_.reordering_seen) return;  // a needless probe, rather
  if (duplicate_round_open_ && before(snd_una_, duplicate_round_end_)) return;
  duplicate_round_open_ = true;
  duplicate_round_end_ = snd_nxt_;
  if (reorder_multiplier_ < 255) ++reorder_multiplier_;
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

}  // namespace osv::net::tcp
