// TCP_INFO (tcp(7), include/uapi/linux/tcp.h).
#include "net/tcp/connection.hh"

namespace osv::net::tcp {

namespace {

struct linux_tcp_info {
  u8 state, congestion_state, retransmits, probes, backoff, options, window_scales, rate_flags;
  u32 rto, ato, snd_mss, rcv_mss;
  u32 unacked, sacked, lost, retrans, fackets;
  u32 last_data_sent, last_ack_sent, last_data_received, last_ack_received;
  u32 path_mtu, rcv_ssthresh, rtt, rtt_variation, snd_ssthresh, snd_cwnd, advertised_mss, reordering;
  u32 rcv_rtt, rcv_space, total_retrans;
  u64 pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
  u32 segments_out, segments_in, notsent_bytes, min_rtt, data_segments_in, data_segments_out;
  u64 delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
  u32 delivered, delivered_ce;
  u64 bytes_sent, bytes_retrans;
  u32 dsack_dups, reordering_seen, rcv_ooopack, snd_wnd;
};

u32 microseconds(nanoseconds t) { return static_cast<u32>(t / microsecond); }
u32 milliseconds_since(nanoseconds then, nanoseconds time) { return then ? static_cast<u32>((time - then) / millisecond) : 0; }

}  // namespace

usize connection::fill_info(void* into, usize size) {
  const nanoseconds time = clock();
  linux_tcp_info i{};
  i.state = static_cast<u8>(state_);
  i.congestion_state = phase_ == phase::open ? 0 : phase_ == phase::recovery ? 3 : 4;  // TCP_CA_Open, Recovery, Loss
  i.retransmits = backoffs_;
  i.probes = probes_sent_;
  i.backoff = backoffs_;
  i.options = static_cast<u8>((timestamps_ ? 1 : 0) | (sack_ ? 2 : 0) | (scaling_ ? 4 : 0));
  i.window_scales = static_cast<u8>(snd_scale_ | rcv_scale_ << 4);
  i.rto = microseconds(round_trip_.timeout(backoffs_));
  i.ato = microseconds(delayed_ack_time);
  i.snd_mss = mss_;
  i.rcv_mss = received_mss_;
  i.unacked = static_cast<u32>((snd_nxt_ - snd_una_ + mss_ - 1) / mss_);
  i.sacked = score_.sacked_segments(mss_);
  i.lost = static_cast<u32>((score_.lost() + mss_ - 1) / mss_);
  i.last_data_sent = milliseconds_since(last_sent_at, time);
  i.last_data_received = milliseconds_since(received_at_, time);
  i.last_ack_received = milliseconds_since(last_received_at, time);
  i.path_mtu = route_.mtu;
  i.rcv_ssthresh = options.receive_buffer;
  i.rtt = microseconds(round_trip_.smoothed());
  i.rtt_variation = microseconds(round_trip_.variation());
  i.snd_ssthresh = congestion_.threshold() == congestion::threshold_infinite ? congestion::threshold_infinite : congestion_.threshold() / mss_;
  i.snd_cwnd = congestion_.window() / mss_;
  i.advertised_mss = mss_;
  i.reordering = 3;
  i.rcv_space = options.receive_buffer;
  i.total_retrans = retransmits_total_;
  i.pacing_rate = i.max_pacing_rate = ~0ull;
  i.bytes_acked = bytes_acknowledged;
  i.bytes_received = bytes_received;
  i.segments_out = segments_out;
  i.segments_in = segments_in;
  i.notsent_bytes = after(send_.end(), snd_nxt_) ? send_.end() - snd_nxt_ : 0;
  i.min_rtt = score_.minimum_round_trip == never ? ~0u : microseconds(score_.minimum_round_trip);
  i.data_segments_in = data_segments_in;
  i.data_segments_out = data_segments_out;
  i.bytes_sent = bytes_sent;
  i.bytes_retrans = bytes_resent;
  i.dsack_dups = duplicates_seen;
  i.reordering_seen = reordering_seen;
  i.rcv_ooopack = static_cast<u32>(reorder_.packets());
  i.snd_wnd = snd_wnd_;
  const usize n = size < sizeof i ? size : sizeof i;
  __builtin_memcpy(into, &i, n);
  return n;
}

}  // namespace osv::net::tcp
