// Segments out: what may be sent when (Nagle, silly windows, congestion window), headers and options.
#include "net/checksum.hh"
#include "net/poll_bits.hh"
#include "net/tcp/connection.hh"
#include "trace/count.hh"
#include "trace/points.hh"

namespace osv::net::tcp {

namespace {

constexpr nanoseconds cork_time_max = 200 * millisecond;  // tcp(7), TCP_CORK
constexpr u32 offload_bytes_max = 65535 - 256;            // an IPv4 packet with all headers, before segmentation

u8* put_be32(u8* at, u32 value) {
  at[0] = static_cast<u8>(value >> 24), at[1] = static_cast<u8>(value >> 16), at[2] = static_cast<u8>(value >> 8), at[3] = static_cast<u8>(value);
  return at + 4;
}

}  // namespace

u32 connection::send_limit() const {
  if (options.send_buffer_fixed) return options.send_buffer;
  // Two windows: one on the way, one ready.
  const u64 wanted = 2ull * congestion_.window();
  return wanted > send_buffer_max ? send_buffer_max : wanted > options.send_buffer ? static_cast<u32>(wanted) : options.send_buffer;
}

bool connection::is_writable() const {
  return send_.memory() < send_limit() / 3 * 2 && unsent_bytes() < options.notsent_low_water;
}

bool connection::segmentation_offload() const {
  return !route_.local && (key.remote.is_ipv4() ? route_.out->offloads().transmit_segmentation_ipv4 : route_.out->offloads().transmit_segmentation_ipv6);
}

u32 connection::segment_limit() const {
  return segmentation_offload() ? offload_bytes_max - offload_bytes_max % mss_ : mss_;
}

u32 connection::usable_window() const {
  const u32 edge = snd_una_ + snd_wnd_;
  return after(edge, snd_nxt_) ? edge - snd_nxt_ : 0;
}

void connection::output() {
  if (state_ == state::closed || state_ == state::syn_sent || state_ == state::syn_received || state_ == state::time_wait || state_ == state::listen) return;
  bool full = false;
  while (sent_record* r = score_.first_lost()) {
    const u64 in_flight = score_.in_flight();
    // Without SACK nothing tells what has left the network; RFC 6582 sends the one segment again in any case.
    const bool at_once = !sack_ && phase_ == phase::recovery;
    if (in_flight && in_flight + mss_ > flight_limit() && !at_once) break;
    if ((full = device_is_full()) || !resend(*r)) break;
  }
  if (!score_.first_lost())
    while (!(full = device_is_full()) && send_new(false)) {
    }
  const u64 in_flight = score_.in_flight();
  cwnd_limited_ = in_flight + mss_ > congestion_.window() || (congestion_.in_slow_start() && 2 * in_flight > congestion_.window());
  if (full) return;
  flush_once_ = false;
  if (score_.empty() && retransmit_at_ == never && (unsent_bytes() || (send_shutdown_ && !fin_sent_)) && cork_until_ == never) {
    retransmit_kind_ = retransmit_kind::window_probe;
    retransmit_at_ = clock() + round_trip_.timeout(backoffs_);
  }
}

/// Nagle's rule in Minshall's variant, and TCP_CORK, for a segment shorter than the MSS at the end of the queue.
bool connection::hold_small(u32 length) const {
  if (length >= mss_ || flush_once_ || send_shutdown_) return false;
  if (options.cork || more_coming_) return true;
  return !options.no_delay && small_pending_ && after(small_sent_, snd_una_);
}

// passt of Debian 12 drops segments when its reader is slow, and takes a FIN behind them for the end: the reader gets a part
// of the data and a clean end. It is one of few peers without SACK. So a FIN to such a peer goes when all data is acknowledged,
// which is legal at any time; after little data nothing is dropped, and the FIN goes along. So it does when two time-outs
// brought no answer: the last acknowledgement may be lost, and passt repeats none.
bool connection::hold_fin(u32 length) const {
  constexpr u64 little = 65536;
  return !sack_ && backoffs_ < 2 && bytes_sent + length > little && snd_nxt_ + length != snd_una_;
}

/// Sends one run of new bytes, or the FIN. `force`: without regard to the congestion window and small segments.
bool connection::send_new(bool force) {
  if (fin_sent_) return false;
  const u32 unsent = send_.end() - snd_nxt_;
  const u32 peer_window = usable_window();
  u32 window = peer_window;
  if (!force) {
    u64 flight = score_.in_flight();
    if (!sack_ && phase_ == phase::recovery) {  // each duplicate acknowledgement means that a segment left (RFC 6582)
      const u64 left = static_cast<u64>(duplicate_acks_) * mss_;
      flight = flight > left ? flight - left : 0;
    }
    const u64 limit = flight_limit();
    const u32 room = limit > flight ? static_cast<u32>(limit - flight) : 0;
    if (room < window) window = room;
  }
  if (unsent == 0) {
    if (!send_shutdown_) return false;
    if (peer_window == 0 && !score_.empty() && !force) return false;  // the congestion window does not hold a FIN back
    if (hold_fin(0)) return false;
    return transmit(snd_nxt_, 0, tcp_fin | tcp_ack).ok() && fin_sent_;
  }
  const u32 limit = segment_limit();
  u32 length = unsent < limit ? unsent : limit;
  if (length > window) length = window;
  if (length == 0) return false;
  if (force && length > mss_) length = mss_;
  if (length < unsent) {
    if (length > mss_)
      length -= length % mss_;
    else if (length < mss_ && !force && (window < peer_window || length < snd_max_wnd_ / 2))
      return false;  // waits for an acknowledgement; silly window (RFC 9293 §3.8.6.2.1)
  } else if (!force && hold_small(length % mss_ ? length % mss_ : mss_)) {
    if (length > mss_) {
      length -= length % mss_;
    } else {
      if ((options.cork || more_coming_) && cork_until_ == never) cork_until_ = clock() + cork_time_max;
      return false;
    }
  }
  const bool last = length == unsent;
  u8 flags = tcp_ack;
  if (last) flags |= tcp_psh;
  if (last && send_shutdown_ && !hold_fin(length)) flags |= tcp_fin;
  return transmit(snd_nxt_, length, flags).ok();
}

bool connection::resend(sent_record& r) {
  // What the window does not cover any more waits, but for one segment that keeps things going.
  if (after(r.end, snd_una_ + snd_wnd_) && score_.in_flight()) return false;
  if (r.end - r.start > mss_ && !score_.split(r, r.start + mss_).ok()) return false;
  const u32 data_end = earliest(r.end, send_.end());
  const u32 length = after(data_end, r.start) ? data_end - r.start : 0;
  const bool with_fin = fin_sent_ && r.end == send_.end() + 1;
  const u32 start = r.start;
  auto sent = transmit(start, length, static_cast<u8>(tcp_ack | (with_fin ? tcp_fin : 0)));
  if (!sent.ok()) return false;
  if (sent.value() < length) (void)score_.split(r, start + sent.value());
  score_.resent(r, clock());
  bytes_resent += length;
  resent_in_episode_ = true;
  ++unproven_resends_;
  ++retransmits_total_;
  trace::count(trace::counter::tcp_segments_retransmitted);
  trace::point::tcp_retransmit(ports_for_trace(), start, length);
  if (retransmit_at_ == never) arm_retransmission();
  return true;
}

u32 connection::receive_window() {
  const u32 used = received_bytes_;
  u32 space = options.receive_buffer > used ? options.receive_buffer - used : 0;
  const bool pressed = stack_.tcp_bytes.load(std::memory_order_relaxed) > stack_.bounds.tcp_bytes_max;
  if (pressed && space > 4u * mss_ && received_bytes_) space = 0;
  if (received_memory_ > 3ull * options.receive_buffer) space = 0;
  const u32 current = after(rcv_adv_, rcv_nxt_) ? rcv_adv_ - rcv_nxt_ : 0;
  u32 window = space;
  // The right edge never moves left, and moves right only by a worthwhile step (RFC 9293 §3.8.6.2.2).
  const u32 half = options.receive_buffer / 2;
  const u32 step = mss_ < half ? mss_ : half;
  if (space < current + step && current) window = current;
  if (space < step && !current) window = 0;
  const u32 granule = (1u << rcv_scale_) - 1;
  window = window == current ? (window + granule) & ~granule : window & ~granule;
  const u32 most = 65535u << rcv_scale_;
  if (window > most) window = most;
  if (window >= current) rcv_adv_ = rcv_nxt_ + window;
  return window >> rcv_scale_;
}

void connection::consider_window_update() {
  read_ = false;
  if (fin_received_) return;
  const u32 current = after(rcv_adv_, rcv_nxt_) ? rcv_adv_ - rcv_nxt_ : 0;
  const u32 space = options.receive_buffer > received_bytes_ ? options.receive_buffer - received_bytes_ : 0;
  const u32 step = mss_ < options.receive_buffer / 2 ? mss_ : options.receive_buffer / 2;
  if (space >= 2 * current && space - current >= step) acknowledge_now_ = true;
}

usize connection::write_options(u8* into, bool syn) {
  u8* at = into;
  if (syn) {
    const u32 headers = (key.remote.is_ipv4() ? sizeof(ipv4_header) : 40) + sizeof(tcp_header);
    u32 mss = route_.mtu - headers;
    if (options.mss_max && options.mss_max < mss) mss = options.mss_max;
    if (mss > 65535) mss = 65535;
    *at++ = option_mss, *at++ = 4, *at++ = static_cast<u8>(mss >> 8), *at++ = static_cast<u8>(mss);
    if (sack_) *at++ = option_sack_permitted, *at++ = 2;
    else *at++ = option_nop, *at++ = option_nop;
  } else if (timestamps_) {
    *at++ = option_nop, *at++ = option_nop;
  }
  if (timestamps_) {
    *at++ = option_timestamps, *at++ = 10;
    at = put_be32(at, timestamp(clock()));
    at = put_be32(at, ts_recent_);
  } else if (syn) {
    *at++ = option_nop, *at++ = option_nop;
  }
  if (syn && scaling_) *at++ = option_nop, *at++ = option_window_scale, *at++ = 3, *at++ = rcv_scale_;
  if (syn || !sack_ || (reorder_.empty() && duplicate_.start == duplicate_.end)) [[likely]]
    return static_cast<usize>(at - into);

  sack_block blocks[5];
  unsigned count = 0;
  if (duplicate_.start != duplicate_.end) blocks[count++] = std::exchange(duplicate_, {0, 0});  // RFC 2883
  sack_block ranges[4];
  const unsigned found = reorder_.blocks(ranges, recent_reordered_);
  const unsigned room = timestamps_ ? 3 : 4;
  for (unsigned i = 0; i < found && count < room; ++i) blocks[count++] = ranges[i];
  *at++ = option_nop, *at++ = option_nop, *at++ = option_sack, *at++ = static_cast<u8>(2 + 8 * count);
  for (unsigned i = 0; i < count; ++i) {
    at = put_be32(at, blocks[i].start);
    at = put_be32(at, blocks[i].end);
  }
  return static_cast<usize>(at - into);
}

result<u32> connection::transmit(u32 sequence, u32 length, u8 flags) {
  if (route_generation_ != stack_.routes.generation()) [[unlikely]]
    TRY(update_route());
  unique<io::packet> p = TRY(io::packet::create());
  // Written in place; the linear part's length follows (40 bytes of options at most: there is room).
  auto* header = reinterpret_cast<tcp_header*>(p->data() + p->linear());
  const usize option_size = write_options(reinterpret_cast<u8*>(header + 1), flags & tcp_syn);
  const usize header_size = sizeof(tcp_header) + option_size;
  (void)p->append(header_size);
  // SACK blocks take their room from the payload: mss_ counts only time-stamps in.
  const u32 segment = mss_ - static_cast<u32>(length ? option_size - (timestamps_ ? 12 : 0) : 0);
  const bool offload = length > segment && segmentation_offload();
  if (length) {
    const u32 wanted = length > segment && !offload ? segment : length;
    const u32 filled = static_cast<u32>(send_.fill(*p, sequence, wanted));
    if (filled == 0) return fail(errc::no_buffers);
    if (filled < length) {
      flags &= static_cast<u8>(~(tcp_fin | tcp_psh));
      length = filled;
    }
  }
  const bool new_data = sequence == snd_nxt_ && (length || (flags & tcp_fin));
  const nanoseconds time = clock();
  if (new_data) {
    const u32 end = sequence + length + ((flags & tcp_fin) ? 1 : 0);
    TRY(score_.sent(sequence, end, time));
    snd_nxt_ = end;
    if (flags & tcp_fin) fin_sent_ = true;
    if (length < mss_) {
      small_pending_ = true;
      small_sent_ = end;
    }
    if (acknowledge_later_ || time - received_at_ < delayed_ack_time) interactive_ = true;
  }
  header->source_port = key.local_port;
  header->destination_port = key.remote_port;
  header->sequence = sequence;
  header->acknowledgement = (flags & tcp_ack) ? rcv_nxt_ : 0;
  header->offset = static_cast<u8>(header_size / 4 << 4);
  header->flags = flags;
  if (flags & tcp_syn) {
    const u32 window = options.receive_buffer < 65535 ? options.receive_buffer : 65535;  // never scaled
    header->window = static_cast<u16>(window);
    if (flags & tcp_ack) rcv_adv_ = rcv_nxt_ + window;
  } else {
    header->window = static_cast<u16>(receive_window());
  }
  header->checksum = 0;
  header->urgent = 0;
  if (offload && length > segment) p->segment_size = static_cast<u16>(segment);
  if (flags & tcp_ack) {
    last_acknowledged_ = rcv_nxt_;
    unacknowledged_received_ = 0;
    acknowledge_now_ = acknowledge_later_ = false;
    delayed_ack_at_ = never;
  }
  ++segments_out;
  bytes_sent += length;
  last_sent_at = time;
  trace::count(trace::counter::tcp_segments_sent);
  trace::point::tcp_transmit(ports_for_trace(), sequence, length, flags);
  if (length) {
    ++data_segments_out;
    if (new_data) trace::count(trace::counter::tcp_sent_bytes, length);
  }
  if (length && phase_ == phase::recovery) reduction_.sent(length);
  // RFC 8985 §7.2 counts the probe from the last transmission; RFC 6298 §5.1 starts the time-out only if it is off.
  if (new_data && (retransmit_kind_ == retransmit_kind::probe || retransmit_at_ == never)) arm_retransmission();
  if (peer_) {
    deliver_to_peer(std::move(p));
    return length;
  }
  stack::finish_checksum(*p, route_, key.local, key.remote, protocol_tcp, offsetof(tcp_header, checksum));
  stack::send_options o;
  o.protocol = protocol_tcp;
  o.type_of_service = options.type_of_service;
  o.time_to_live = options.time_to_live;
  (void)stack_.send(std::move(p), route_, key.local, key.remote, o, neighbour_.get());  // what is lost here is lost on the wire
  return length;
}

/// Both ends are ours: no IP, no checksum, no look-up.
void connection::deliver_to_peer(unique<io::packet> packet) {
  const usize size = packet->size();
  packet->checksum_valid = true;
  packet->interface = route_.out;
  route_.out->count_transmitted(size);
  route_.out->count_received(size);
  trace::count(trace::counter::tcp_segments_received);
  const ref<connection> peer = peer_;  // processing may come back and let go of it
  if (!peer->in_table) {
    peer_ = nullptr;
    return receive(stack_, std::move(packet), *route_.out, key.local, key.remote);
  }
  peer->enqueue(std::move(packet));
  peer->process();
}

void connection::send_acknowledgement() { (void)transmit(snd_nxt_, 0, tcp_ack); }

void connection::send_syn() {
  const bool answer = state_ == state::syn_received;
  snd_nxt_ = iss_ + 1;
  syn_sent_at_ = clock();
  retransmit_kind_ = retransmit_kind::timeout;
  retransmit_at_ = syn_sent_at_ + round_trip::timeout_initial * (1ll << (backoffs_ < 6 ? backoffs_ : 6));
  (void)transmit(iss_, 0, static_cast<u8>(tcp_syn | (answer ? tcp_ack : 0)));
}

void connection::send_reset_now() {
  trace::count(trace::counter::tcp_resets_sent);
  (void)transmit(snd_nxt_, 0, tcp_rst | tcp_ack);
}

}  // namespace osv::net::tcp
