// One TCP connection or listener, apart from the socket that shows it to the program: it lives on when the socket is closed.
//
// Ownership in the place of locking: `lock()` makes the caller the owner. Whoever else has something for the connection
// (a packet, a timer) leaves it in the channel and calls process(); the owner works it off when it unlocks. So a packet is
// processed by the thread that uses the socket, or by the receive thread when nobody does, and nobody spins.
// Lock order: an owner of one connection never blocks on another, it only tries.
#pragma once

#include "io/cursor.hh"
#include "net/ports.hh"
#include "net/stack.hh"
#include "net/tcp/channel.hh"
#include "net/tcp/congestion.hh"
#include "net/tcp/rate_reduction.hh"
#include "net/tcp/reorder_queue.hh"
#include "net/tcp/round_trip.hh"
#include "net/tcp/scoreboard.hh"
#include "net/tcp/send_queue.hh"
#include "net/tcp/tcp.hh"
#include "sync/mutex.hh"
#include "sync/wait_queue.hh"

namespace osv::net::tcp {

/// What setsockopt changes; children of a listener inherit it.
struct settings {
  u32 receive_buffer = 256 * 1024;      // bytes; grows to receive_buffer_max unless set by the program
  u32 send_buffer = 512 * 1024;
  bool receive_buffer_fixed = false;
  bool send_buffer_fixed = false;
  bool no_delay = false;
  bool cork = false;
  bool keep_alive = false;
  bool linger = false;
  u32 linger_seconds = 0;
  u32 keep_idle_seconds = 7200;
  u32 keep_interval_seconds = 75;
  u32 keep_count = 9;
  u32 syn_count = 6;
  u32 user_timeout_ms = 0;
  u32 fin_wait_2_seconds = 60;
  u32 low_water = 1;                    // SO_RCVLOWAT
  u32 notsent_low_water = ~0u;          // TCP_NOTSENT_LOWAT
  u16 mss_max = 0;                      // TCP_MAXSEG
  u8 type_of_service = 0;
  u8 time_to_live = 64;
  u32 defer_accept_seconds = 0;         // kept for getsockopt only
};
constexpr u32 receive_buffer_max = 6 << 20, send_buffer_max = 4 << 20;

/// What a listener has besides.
struct listener_state {
  lock::spin_lock lock{lock::rank::socket};
  connection* first = nullptr;     // accept queue, with references
  connection** last = &first;
  u32 backlog = 0;
  u32 ready = 0;                   // length of the accept queue
  u32 half_open = 0;
  bool open = true;
};

class connection final : public ref_counted<connection>, public timer_entry, public port_holder {
 public:
  connection(stack& s, int family);
  ~connection();

  // --- ownership (connection.cc) ---
  void lock() { mutex_.lock(); }
  /// Works off the channel, sends what is due, publishes readiness, lets go, wakes.
  void unlock();
  /// Receive path: queues a packet. The caller calls process() or schedules it.
  void enqueue(unique<io::packet> packet);
  /// Works the channel off now unless somebody owns the connection (who will then).
  void process() {
    if (mutex_.try_lock()) unlock();
  }
  /// Sends on, unless somebody owns the connection (who will then).
  void device_has_room() {
    events_.fetch_or(event_room, std::memory_order_seq_cst);
    process();
  }
  bool try_lock() { return mutex_.try_lock(); }
  /// Errors from ICMP, left for the owner.
  void note_error(errc error, bool hard, u16 path_mtu);

  /// True if `sequence` lies in what is on the way: a racy look, for plausibility of ICMP errors.
  bool is_outstanding(u32 sequence) const { return !before(sequence, snd_una_) && before(sequence, snd_nxt_); }
  /// Readiness as of the last unlock (poll_event bits).
  u32 readiness() const { return ready_.load(std::memory_order_acquire) & ~ready_any_data; }
  /// True if read() would bring something: data (below SO_RCVLOWAT too), an end, an error. Needs no ownership.
  bool may_read() const { return ready_.load(std::memory_order_acquire) & (ready_any_data | 0x1 | io::poll_event::error | io::poll_event::hang_up); }
  sync::wait_queue waiters;

  // --- for the socket; the caller owns the connection ---
  /// Starts an active open. The result comes by readiness. `remote` set. EADDRNOTAVAIL, ENETUNREACH, …
  result<> connect(const endpoint& remote);
  result<> listen(u32 backlog);
  /// A connection that is ready, or nullptr. No ownership needed.
  ref<connection> take_accepted();
  /// Copies in as much as the send buffer has room for; EAGAIN if none. It is sent when the owner unlocks.
  result<usize> append(io::cursor& from, bool more);
  /// Copies out received bytes. 0: end of stream. EAGAIN if there is nothing.
  result<usize> read(io::cursor* into, usize size, bool peek, usize peek_offset);
  bool is_listening() const { return state_ == state::listen; }
  bool is_opening() const { return state_ == state::syn_sent || state_ == state::syn_received; }
  bool is_closed() const { return state_ == state::closed; }
  bool has_error() const { return error_ != errc::ok; }
  /// TCP_QUICKACK.
  void acknowledge_quickly(bool on);
  /// SHUT_WR or close: a FIN after what is queued.
  void shutdown_send();
  void shutdown_receive();
  /// The socket goes away.
  void close();
  /// Resets at once.
  void abort(errc error);
  /// Tests and shutdown: leaves all tables without a word.
  void abandon();
  bool has_data() const { return received_bytes_ != 0; }
  u32 received_bytes() const { return received_bytes_; }
  u32 unsent_bytes() const { return send_.end() - earliest(snd_nxt_, send_.end()); }
  u32 unacknowledged_bytes() const { return send_.size(); }
  errc take_error();
  state current_state() const { return state_; }
  usize fill_info(void* into, usize size);
  bool finished_sending() const { return state_ == state::closed || state_ == state::time_wait || state_ == state::fin_wait_2; }
  /// A socket shows it: a racy look.
  bool is_attached() const { return attached_; }
  bool receive_closed() const { return receive_shutdown_ || fin_received_; }
  bool peer_finished() const { return fin_received_; }
  bool send_closed() const { return send_shutdown_; }
  u16 effective_mss() const { return mss_; }
  u16 path_mtu() const { return route_.mtu; }
  void settings_changed();  // recomputes buffers, keepalive

  settings options;

  // --- passive open (open.cc) ---
  /// A SYN for this listener. No ownership needed.
  void syn_received(const segment& g, const flow& f, interface& in);
  /// An ACK that belongs to no connection: perhaps the answer to a SYN cookie. True if it was.
  bool cookie_received(const segment& g, const flow& f, interface& in, unique<io::packet>& packet);

  // --- tables ---
  flow key;
  connection* next_in_bucket = nullptr;
  bool in_table = false;
  work_hook received_hook, waiting_hook;  // of the interface
  connection* next_accepted = nullptr;

  bool try_retain_holder() override { return try_retain(); }
  void timer_fired() override;
  void timer_retain() override { retain(); }
  void timer_release() override { release(); }

 private:
  friend struct connection_access;  // tests

  // --- connection.cc: life ---
  /// The time of this ownership: the clock is read once.
  nanoseconds clock() { return time_ ? time_ : time_ = now(); }
  bool has_output() { return send_.end() != snd_nxt_ - fin_sent_ || score_.lost() || (send_shutdown_ && !fin_sent_); }
  bool has_work() const { return !channel_.empty() || events_.load(std::memory_order_seq_cst) != 0; }
  void drain();
  u32 settle();
  u32 compute_readiness() const;
  void deliver_to_peer(unique<io::packet> packet);
  void set_state(state s);
  /// Local port << 16 | remote port, as tracepoints tell a connection.
  u32 ports_for_trace() const { return static_cast<u32>(key.local_port) << 16 | key.remote_port; }
  void finish(errc error);           // to CLOSED: leaves the tables
  void stop_listening();
  void shrink_path_mtu(u16 mtu);
  void keep_alive(nanoseconds time);
  bool is_writable() const;
  u32 send_limit() const;            // bytes that the send queue may hold
  void consider_window_update();
  void enter_time_wait();
  void release_buffers();
  void account(i64 bytes);
  result<> update_route();
  void arm_timers();
  void run_timers(nanoseconds time);

  static result<usize> copy_to(io::cursor& into, const io::packet& p, usize offset, usize n);

  // --- open.cc ---
  void begin_open(bool active);
  static result<ref<connection>> make_child(connection& listener, const flow& f, const route& r);
  void adopt_options(const segment& syn);
  void become_established();
  bool hand_to_listener();
  result<> choose_port();
  void send_cookie(const segment& g, const flow& f, const route& r);
  u32 make_cookie(const flow& f, u32 irs, u32 mss_index, u32 tick) const;

  // --- input.cc ---
  void input(unique<io::packet> packet);
  void input_parsed(const segment& g, unique<io::packet> packet);
  bool fast_path(const segment& g, unique<io::packet>& packet);
  void input_syn_sent(const segment& g, unique<io::packet> packet);
  bool acceptable(const segment& g);
  void receive_anew(unique<io::packet> packet);
  bool input_time_wait(const segment& g, unique<io::packet>& packet);
  void accept_payload(const segment& g, unique<io::packet> packet);
  void received_twice(sack_block block);
  void queue_received(unique<io::packet> packet);
  void deliver_reordered();
  void process_fin();
  void note_payload(u32 bytes, nanoseconds time);
  void received_bytes_note(u32 bytes);
  void acknowledge_out_of_window(const segment& g);
  bool receive_memory_full() const;
  void challenge();
  void grow_receive_buffer(u32 read);

  // --- acknowledge.cc, recovery.cc ---
  void acknowledged_in_order(const segment& g, nanoseconds time);
  bool process_acknowledgement(const segment& g);
  void process_sacks(const segment& g, nanoseconds time, delivery& d);
  void update_send_window(const segment& g);
  void recover(const delivery& d, bool advanced, bool duplicate, const segment& g);
  bool was_spurious(const delivery& d, bool advanced, const segment& g);
  void undo_reduction();
  void enter_recovery();
  void end_recovery();
  void begin_episode();
  void note_duplicate(const sack_block& b, delivery& d);
  void retransmission_timeout();
  void tail_loss_probe();
  void send_at_tail();
  void probe_window();
  void arm_retransmission();
  nanoseconds reorder_window() const;

  // --- output.cc ---
  void output();
  bool send_new(bool force);
  /// True if nothing can be sent now: output() is called again when the device has room.
  bool device_is_full() { return !route_.local && route_.out->full(*this); }
  void set_mss();
  bool resend(sent_record& r);
  bool hold_small(u32 length) const;
  bool hold_fin(u32 length) const;
  /// Sends up to `length` bytes from `sequence`; returns how many went.
  result<u32> transmit(u32 sequence, u32 length, u8 flags);
  void send_acknowledgement();
  void send_syn();
  void send_reset_now();
  u32 receive_window();
  usize write_options(u8* into, bool syn);
  u32 timestamp(nanoseconds time) const { return static_cast<u32>(time / millisecond) + timestamp_offset_; }
  u32 usable_window() const;
  u64 flight_limit() const { return phase_ == phase::recovery && sack_ ? reduction_.window() : congestion_.window(); }
  u32 segment_limit() const;
  bool segmentation_offload() const;

  static constexpr u32 default_segment = 536;
  static constexpr nanoseconds delayed_ack_time = 40 * millisecond;
  // event bits, set by others
  static constexpr u32 event_timer = 1, event_error = 2, event_room = 4;
  // what retransmit_at_ means
  enum class retransmit_kind : u8 { none, timeout, probe, reorder, window_probe };
  enum class phase : u8 { open, recovery, loss };

  stack& stack_;
  sync::mutex mutex_;
  channel channel_;
  std::atomic<u32> events_{0};
  std::atomic<u32> ready_{0};
  std::atomic<u64> noted_error_{0};  // error, hard, path MTU
  static constexpr u32 ready_any_data = 1u << 31;  // kept in ready_, never shown
  nanoseconds time_ = 0;             // clock()
  ref<connection> peer_;             // the other end, where both are ours: the loopback's short way
  u32 wake_ = 0;                     // poll bits to wake with at unlock
  bool dirty_ = false;               // output or readiness must be looked at

  state state_ = state::closed;
  bool attached_ = true;             // a socket shows it
  bool active_open_ = false;
  bool send_shutdown_ = false, receive_shutdown_ = false;
  bool fin_sent_ = false, fin_received_ = false;
  bool counted_half_open_ = false;   // in the listener's half_open
  bool more_coming_ = false;         // MSG_MORE
  bool flush_once_ = false;          // cork's time is over
  errc error_ = errc::ok;
  errc soft_error_ = errc::ok;
  ref<connection> listener_;         // of a child that is not yet accepted
  unique<listener_state> listening_;
  // Read by take_accepted() and syn_received() without ownership: stable while the listener is in the port table.

  route route_;
  u32 route_generation_ = 0;
  ref<neighbour> neighbour_;

  // send side (RFC 9293 §3.3.1)
  u32 iss_ = 0, snd_una_ = 0, snd_nxt_ = 0, snd_wnd_ = 0, snd_wl1_ = 0, snd_wl2_ = 0, snd_max_wnd_ = 0;
  u32 small_sent_ = 0;               // end of the last small segment (Minshall's variant of Nagle)
  bool small_pending_ = false;
  send_queue send_;
  scoreboard score_;
  congestion congestion_;
  round_trip round_trip_;
  u16 mss_ = 536;
  u16 peer_mss_ = 536;
  u8 snd_scale_ = 0, rcv_scale_ = 0;
  phase phase_ = phase::open;
  u32 recovery_point_ = 0;
  u32 duplicate_acks_ = 0;
  nanoseconds syn_sent_at_ = 0;
  u8 backoffs_ = 0, probes_sent_ = 0, syn_retries_ = 0, keep_probes_ = 0;
  bool probe_outstanding_ = false;   // TLP
  u32 probe_end_ = 0;
  bool cwnd_limited_ = false;
  rate_reduction reduction_;         // in recovery, with SACK
  u8 reorder_multiplier_ = 1;        // RACK.reo_wnd_mult
  u8 reorder_persist_ = 0;           // RACK.reo_wnd_persist: recoveries until the window narrows again
  static constexpr u8 reorder_persistence = 16;
  bool duplicate_round_open_ = false;
  u32 duplicate_round_end_ = 0;      // RACK.dsack_round
  bool may_undo_ = false;            // the last reduction may turn out a mistake
  u32 episode_start_ = 0;            // SND.UNA at the last reduction
  bool resent_in_episode_ = false;   // since the last reduction
  u32 unproven_resends_ = 0;         // segments sent again since then, without those that a D-SACK called needless
  nanoseconds progress_at_ = 0;      // the peer last acknowledged something new, or nothing was outstanding
  u32 retransmits_total_ = 0;

  // receive side
  u32 irs_ = 0, rcv_nxt_ = 0, rcv_adv_ = 0;  // rcv_adv_: right edge of what was advertised
  u32 last_acknowledged_ = 0;        // RCV.NXT as last sent
  io::packet_list received_;         // in order, read from the front
  u32 received_bytes_ = 0;
  usize received_memory_ = 0;
  reorder_queue reorder_;
  sack_block duplicate_{0, 0};       // to report as D-SACK
  u32 recent_reordered_ = 0;
  u32 fin_sequence_ = 0;
  bool fin_known_ = false;           // a FIN came beyond a hole
  u32 received_mss_ = 536;           // largest segment seen, for delayed acknowledgements
  u32 unacknowledged_received_ = 0;  // bytes since the last acknowledgement
  bool acknowledge_now_ = false, acknowledge_later_ = false;
  u8 quick_acks_ = 16;
  bool interactive_ = false;         // answers follow requests: acknowledgements ride on them
  nanoseconds received_at_ = 0;
  // buffer tuning: bytes read in a round trip
  nanoseconds tune_started_ = 0;
  u32 tune_bytes_ = 0;
  bool read_ = false;                // bytes were read since the last look at the window
  i64 accounted_ = 0;

  // options
  bool timestamps_ = false, sack_ = false, scaling_ = false;
  u32 timestamp_offset_ = 0;
  u32 ts_recent_ = 0;
  nanoseconds ts_recent_at_ = 0;

  // RFC 5961 §7: challenge ACKs, counted per connection
  nanoseconds challenge_window_ = 0;
  u32 challenges_ = 0;
  nanoseconds out_of_window_ack_at_ = 0;

  // timers: points in time, `never` when off
  nanoseconds retransmit_at_ = never, delayed_ack_at_ = never, keep_alive_at_ = never, wait_until_ = never, cork_until_ = never;
  retransmit_kind retransmit_kind_ = retransmit_kind::none;

 public:
  // statistics for TCP_INFO and /proc/net/tcp
  u64 bytes_sent = 0, bytes_acknowledged = 0, bytes_received = 0, bytes_resent = 0;
  u32 duplicates_seen = 0;  // D-SACKs
  u32 segments_in = 0, segments_out = 0, data_segments_in = 0, data_segments_out = 0, reordering_seen = 0;
  nanoseconds last_sent_at = 0, last_received_at = 0;
  u64 inode = 0;

  struct summary {
    flow f;
    endpoint local;
    int family;
    state current;
    u32 send_bytes, receive_bytes;
    u64 inode;
  };
  /// A racy but safe look, for /proc/net/tcp.
  summary summarise() const {
    return {key, local_endpoint, socket_family, state_, send_.size(), received_bytes_, inode};
  }
};

/// Owns a connection in a scope.
class owner : pinned {
 public:
  explicit owner(connection& c) : connection_(c) { c.lock(); }
  ~owner() { connection_.unlock(); }

 private:
  connection& connection_;
};

}  // namespace osv::net::tcp
