// Segments in (RFC 9293 §3.10.7), hardened as RFC 5961 says.
#include "net/poll_bits.hh"
#include "net/tcp/connection.hh"
#include "trace/count.hh"

namespace osv::net::tcp {

namespace {

constexpr u32 challenges_per_second = 100;                          // for this connection alone: no counter shared between flows
constexpr nanoseconds out_of_window_interval = 500 * millisecond;   // as Linux's tcp_invalid_ratelimit
constexpr nanoseconds timestamp_lifetime = 24ll * 24 * 3600 * second;  // RFC 7323 §5.5

}  // namespace

void connection::input(unique<io::packet> packet) {
  segment g;
  if (!parse_segment(*packet, g)) return stack_.drop(drop_reason::malformed);
  input_parsed(g, std::move(packet));
}

void connection::input_parsed(const segment& g, unique<io::packet> packet) {
  ++segments_in;
  if (state_ == state::established && fast_path(g, packet)) return;
  switch (state_) {
    case state::closed:
      if (!g.rst()) receive_anew(std::move(packet));
      return;
    case state::listen: return;
    case state::syn_sent: return input_syn_sent(g, std::move(packet));
    case state::time_wait:
      if (!input_time_wait(g, packet)) return;
      break;
    case state::syn_received:
      if (g.syn() && !g.ack() && g.sequence == irs_) return send_syn();  // our SYN-ACK was lost
      break;
    default: break;
  }
  // PAWS (RFC 7323 §5.3).
  if (timestamps_ && !g.rst()) {
    if (!g.has_timestamp) return;
    if (before(g.timestamp_value, ts_recent_) && clock() - ts_recent_at_ < timestamp_lifetime) {
      if (g.length && before(g.sequence, rcv_nxt_)) received_twice({g.sequence, earliest(g.sequence + g.length, rcv_nxt_)});
      return acknowledge_out_of_window(g);
    }
  }
  if (!acceptable(g)) {
    if (g.rst()) return;
    if (g.length && before(g.sequence, rcv_nxt_)) received_twice({g.sequence, earliest(g.sequence + g.length, rcv_nxt_)});
    return acknowledge_out_of_window(g);
  }
  if (g.rst()) {
    // RFC 5961 §3: only the exact sequence number resets.
    if (g.sequence != rcv_nxt_) return challenge();
    trace::count(trace::counter::tcp_resets_received);
    if (state_ == state::syn_received && !active_open_) return finish(errc::ok);
    if (state_ == state::time_wait) return;  // RFC 1337
    const bool late = state_ == state::close_wait || state_ == state::closing || state_ == state::last_ack;
    return finish(active_open_ && state_ == state::syn_received ? errc::connection_refused : late && state_ == state::close_wait ? errc::broken_pipe : errc::connection_reset);
  }
  if (g.syn()) return challenge();  // RFC 5961 §4
  if (!g.ack()) return;
  last_received_at = clock();
  keep_probes_ = 0;

  if (state_ == state::syn_received) {
    if (!after(g.acknowledgement, snd_una_) || after(g.acknowledgement, snd_nxt_)) {
      send_reset(stack_, key, g);
      return;
    }
    snd_wnd_ = g.window << snd_scale_;
    snd_max_wnd_ = snd_wnd_;
    snd_wl1_ = g.sequence;
    snd_wl2_ = g.acknowledgement;
    snd_una_ = iss_ + 1;
    if (syn_retries_ == 0 && syn_sent_at_) round_trip_.sample(last_received_at - syn_sent_at_);
    become_established();
    if (!hand_to_listener()) {
      attached_ = false;
      return abort(errc::connection_aborted);
    }
  }
  if (timestamps_ && !after(g.sequence, last_acknowledged_) && !before(g.timestamp_value, ts_recent_)) {
    ts_recent_ = g.timestamp_value;
    ts_recent_at_ = last_received_at;
  }
  if (!process_acknowledgement(g)) return;

  if (fin_sent_ && snd_una_ == snd_nxt_) {
    if (state_ == state::fin_wait_1) {
      set_state(state::fin_wait_2);
      wake_ |= poll_out;
      if (!attached_) wait_until_ = clock() + options.fin_wait_2_seconds * second;
    } else if (state_ == state::closing) {
      return enter_time_wait();
    } else if (state_ == state::last_ack) {
      return finish(errc::ok);
    }
  }
  if (g.length || g.fin()) accept_payload(g, std::move(packet));
}

bool connection::acceptable(const segment& g) {
  const u32 window = after(rcv_adv_, rcv_nxt_) ? rcv_adv_ - rcv_nxt_ : 0;
  return !before(g.end(), last_acknowledged_) && !after(g.sequence, rcv_nxt_ + window);
}

void connection::acknowledge_out_of_window(const segment& g) {
  // A segment with data is answered at once: its sender waits. Empty ones only now and then, or two hosts could
  // acknowledge each other's acknowledgements for ever.
  const nanoseconds time = clock();
  if (!g.length && !g.fin() && !g.syn()) {
    if (out_of_window_ack_at_ && time - out_of_window_ack_at_ < out_of_window_interval) return;
    out_of_window_ack_at_ = time;
  }
  if (g.syn()) return challenge();
  acknowledge_now_ = true;
}

void connection::challenge() {
  const nanoseconds time = clock();
  if (time - challenge_window_ >= second) {
    challenge_window_ = time;
    challenges_ = 0;
  }
  if (challenges_++ >= challenges_per_second) return;
  trace::count(trace::counter::tcp_challenge_acks);
  acknowledge_now_ = true;
}

/// Header prediction: the two segments of an open flow in one direction (Jacobson 1990). Everything unusual goes the long way.
bool connection::fast_path(const segment& g, unique<io::packet>& packet) {
  if ((g.flags & ~tcp_psh) != tcp_ack || g.sequence != rcv_nxt_ || g.has_timestamp != timestamps_ || phase_ != phase::open ||
      g.sack_count || fin_sent_ || !reorder_.empty() || g.window << snd_scale_ != snd_wnd_ || duplicate_acks_)
    return false;
  if (timestamps_ && before(g.timestamp_value, ts_recent_)) return false;
  if (before(g.acknowledgement, snd_una_) || after(g.acknowledgement, snd_nxt_)) return false;
  const bool advances = after(g.acknowledgement, snd_una_);
  if (g.length == 0 && !advances) return false;
  if (g.length && (!attached_ || receive_shutdown_ || g.length > rcv_adv_ - rcv_nxt_ || before(rcv_adv_, rcv_nxt_) || receive_memory_full())) return false;
  const nanoseconds time = clock();
  last_received_at = time;
  keep_probes_ = 0;
  if (timestamps_ && !after(g.sequence, last_acknowledged_)) {
    ts_recent_ = g.timestamp_value;
    ts_recent_at_ = time;
  }
  if (advances) acknowledged_in_order(g, time);
  if (g.length) {
    ++data_segments_in;
    rcv_nxt_ += g.length;
    note_payload(g.length, time);
    queue_received(std::move(packet));
  }
  return true;
}

void connection::input_syn_sent(const segment& g, unique<io::packet> packet) {
  if (g.ack() && (!after(g.acknowledgement, iss_) || after(g.acknowledgement, snd_nxt_))) {
    if (!g.rst()) send_reset(stack_, key, g);
    return;
  }
  if (g.rst()) {
    if (!g.ack()) return;
    trace::count(trace::counter::tcp_resets_received);
    return finish(errc::connection_refused);
  }
  if (!g.syn()) return;
  adopt_options(g);
  snd_wnd_ = g.window;
  snd_max_wnd_ = snd_wnd_;
  snd_wl1_ = g.sequence;
  snd_wl2_ = g.acknowledgement;
  if (!g.ack()) {  // simultaneous open (RFC 9293 §3.5, figure 7)
    set_state(state::syn_received);
    return send_syn();
  }
  snd_una_ = g.acknowledgement;
  if (syn_retries_ == 0 && syn_sent_at_) round_trip_.sample(clock() - syn_sent_at_);
  become_established();
  acknowledge_now_ = true;
  if (g.length || g.fin()) {
    segment rest = g;
    rest.flags &= static_cast<u8>(~tcp_syn);
    rest.sequence = g.sequence + 1;
    (void)receive_window();
    accept_payload(rest, std::move(packet));
  }
}

/// For a segment that found this connection before it ended: what it is for now is looked up again, perhaps a listener.
void connection::receive_anew(unique<io::packet> packet) {
  DEBUG_ASSERT(!in_table);  // or it would come back
  packet->push(packet->transport_offset);
  receive(stack_, std::move(packet), stack_.loopback(), key.remote, key.local);
}

bool connection::input_time_wait(const segment& g, unique<io::packet>& packet) {
  // A new connection may take the place of the old one (RFC 6191, RFC 1122 §4.2.2.13).
  if (g.syn() && !g.ack() && !g.rst() && (after(g.sequence, rcv_nxt_) || (timestamps_ && g.has_timestamp && after(g.timestamp_value, ts_recent_)))) {
    finish(errc::ok);
    receive_anew(std::move(packet));
    return false;
  }
  if (g.fin() && !g.rst()) {  // our last acknowledgement was lost
    acknowledge_now_ = true;
    wait_until_ = clock() + 60 * second;
  }
  return !g.fin();
}

bool connection::receive_memory_full() const {
  return received_memory_ + reorder_.memory() > 4ull * options.receive_buffer + 65536;
}

void connection::accept_payload(const segment& g, unique<io::packet> packet) {
  u32 sequence = g.sequence, end = g.sequence + g.length;
  const nanoseconds time = clock();
  if (g.length) {
    ++data_segments_in;
    if (!attached_ && after(end, rcv_nxt_)) {
      // Nobody will read it (RFC 1122 §4.2.2.13).
      send_reset_now();
      return finish(errc::ok);
    }
    if (state_ == state::close_wait || state_ == state::closing || state_ == state::last_ack || state_ == state::time_wait) return;
  }
  const u32 window_end = after(rcv_adv_, rcv_nxt_) ? rcv_adv_ : rcv_nxt_;
  if (g.length && !after(end, rcv_nxt_)) {  // old
    received_twice({sequence, end});
    acknowledge_now_ = true;
  } else if (g.length) {
    bool fin = g.fin();
    if (after(end, window_end)) {
      packet->trim(window_end - sequence);
      end = window_end;
      fin = false;
      acknowledge_now_ = true;
    }
    if (before(sequence, rcv_nxt_)) {
      received_twice({sequence, rcv_nxt_});
      packet->consume(rcv_nxt_ - sequence);
      sequence = rcv_nxt_;
    }
    if (sequence == end) return;
    if (fin) {
      fin_known_ = true;
      fin_sequence_ = end;
    }
    if (sequence == rcv_nxt_) {
      if (receive_memory_full() && received_bytes_) return;  // dropped: the window says more than memory holds
      const bool filled_hole = !reorder_.empty();
      rcv_nxt_ = end;
      note_payload(end - sequence, time);
      queue_received(std::move(packet));
      if (filled_hole) {
        acknowledge_now_ = true;
        deliver_reordered();
      }
    } else {
      trace::count(trace::counter::tcp_out_of_order);
      const auto outcome = reorder_.insert(std::move(packet), sequence);
      if (outcome.duplicate.start != outcome.duplicate.end) received_twice(outcome.duplicate);
      recent_reordered_ = sequence;
      while (reorder_.memory() > options.receive_buffer + 65536ull) reorder_.drop_last();
      // A sender without SACK counts the acknowledgements (RFC 5681 §3.2): one for the whole batch would hide the loss.
      if (!sack_ && acknowledge_now_) send_acknowledgement();
      acknowledge_now_ = true;
    }
  } else if (g.fin()) {
    fin_known_ = true;
    fin_sequence_ = end;
    if (end != rcv_nxt_) acknowledge_now_ = true;
  }
  if (fin_known_ && fin_sequence_ == rcv_nxt_ && !fin_received_) process_fin();
}

/// To be told to the sender (RFC 2883). One block holds for a batch, as long as it is of one piece.
void connection::received_twice(sack_block block) {
  if (duplicate_.start != duplicate_.end) {
    if (!before(block.start, duplicate_.start) && !after(block.start, duplicate_.end)) {
      if (after(block.end, duplicate_.end)) duplicate_.end = block.end;
      return;
    }
    if (sack_) send_acknowledgement();
  }
  duplicate_ = block;
}

void connection::deliver_reordered() {
  while (auto p = reorder_.take(rcv_nxt_)) {
    rcv_nxt_ += static_cast<u32>(p->size());
    received_bytes_note(static_cast<u32>(p->size()));
    queue_received(std::move(p));
  }
}

void connection::queue_received(unique<io::packet> packet) {
  const u32 size = static_cast<u32>(packet->size());
  received_bytes_ += size;
  wake_ |= poll_in;
  // Under pressure small packets share a slot; otherwise a copy less is worth more.
  if (received_memory_ > options.receive_buffer && !received_.empty() && merge_payload(received_.back(), *packet)) return;
  received_memory_ += packet->memory_size();
  received_.push_back(*packet.release());
}

void connection::received_bytes_note(u32 bytes) {
  bytes_received += bytes;
  trace::count(trace::counter::tcp_received_bytes, bytes);
}

/// Delayed acknowledgements (RFC 1122 §4.2.3.2, RFC 5681 §4.2): the second full segment, or 40 ms, or an answer that carries it.
void connection::note_payload(u32 bytes, nanoseconds time) {
  received_bytes_note(bytes);
  received_at_ = time;
  if (bytes > received_mss_) received_mss_ = bytes > mss_ ? mss_ : bytes;
  unacknowledged_received_ += bytes;
  if (unacknowledged_received_ >= 2 * received_mss_ && unacknowledged_received_ >= 2u * default_segment) {
    acknowledge_now_ = true;
  } else if (!interactive_ && quick_acks_) {
    --quick_acks_;
    acknowledge_now_ = true;
  } else {
    acknowledge_later_ = true;
  }
}

void connection::process_fin() {
  fin_received_ = true;
  rcv_nxt_ = fin_sequence_ + 1;
  acknowledge_now_ = true;
  wake_ |= poll_in | poll_read_hang_up;
  reorder_.clear();
  switch (state_) {
    case state::established: set_state(state::close_wait); break;
    case state::fin_wait_1:
      if (fin_sent_ && snd_una_ == snd_nxt_)
        enter_time_wait();
      else
        set_state(state::closing);
      break;
    case state::fin_wait_2: enter_time_wait(); break;
    default: break;
  }
}

}  // namespace osv::net::tcp
