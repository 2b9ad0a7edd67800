// A connection's life: ownership, timers, states, close.
#include "net/tcp/connection.hh"

#include "net/poll_bits.hh"
#include "trace/count.hh"
#include "trace/points.hh"

namespace osv::net::tcp {

namespace {

constexpr nanoseconds time_wait_length = 60 * second;  // as Linux; RFC 9293 asks for 2 MSL
constexpr i64 accounting_step = 16384;

}  // namespace

connection::connection(stack& s, int family) : stack_(s) { socket_family = family; }

connection::~connection() {
  io::discard(received_);
  account(-accounted_);
}

void connection::account(i64 bytes) {
  accounted_ += bytes;
  stack_.tcp_bytes.fetch_add(static_cast<u64>(bytes), std::memory_order_relaxed);
}

void connection::enqueue(unique<io::packet> packet) {
  // A packet counts with all its memory: room, too, for the acknowledgements of a large window, while the owner is sending.
  const usize bytes_max = 2 * static_cast<usize>(options.receive_buffer) + 2 * 1024 * 1024;
  if (!channel_.push(packet, bytes_max)) stack_.drop(drop_reason::queue_full);
}

void connection::timer_fired() {
  events_.fetch_or(event_timer, std::memory_order_seq_cst);
  process();
}

void connection::note_error(errc error, bool hard, u16 path_mtu) {
  noted_error_.store(static_cast<u64>(path_mtu) << 32 | static_cast<u64>(hard) << 16 | static_cast<u64>(error), std::memory_order_relaxed);
  events_.fetch_or(event_error, std::memory_order_seq_cst);
}

void connection::unlock() {
  for (;;) {
    if (has_work()) drain();
    const u32 key = dirty_ ? settle() : 0;
    time_ = 0;
    mutex_.unlock();
    if (key) waiters.wake(key);
    // Pairs with the push into the channel: either its pusher gets the lock, or we see the packet.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (!has_work() || !mutex_.try_lock()) return;
  }
}

void connection::drain() {
  dirty_ = true;
  const u32 events = events_.exchange(0, std::memory_order_acquire);
  if (events & event_error) {
    const u64 noted = noted_error_.load(std::memory_order_relaxed);
    const errc error = static_cast<errc>(noted & 0xffff);
    const bool opening = state_ == state::syn_sent || state_ == state::syn_received;
    if (noted >> 32) {
      shrink_path_mtu(static_cast<u16>(noted >> 32));
    } else if (opening && attached_ && error != errc::message_size) {
      finish(error);
    } else {
      soft_error_ = error;  // RFC 5461: reported only if the connection times out
    }
  }
  io::packet* p = channel_.take();
  while (p) {
    io::packet* next = channel::next_of(p);
    input(unique<io::packet>(p));
    p = next;
  }
  if (events & event_timer) run_timers(clock());
}

u32 connection::settle() {
  dirty_ = false;
  if (state_ != state::closed && state_ != state::listen) {
    if (read_) consider_window_update();
    if (has_output()) output();
    if (acknowledge_now_) send_acknowledgement();
    if (state_ != state::closed) {
      if (acknowledge_later_ && delayed_ack_at_ == never) delayed_ack_at_ = clock() + delayed_ack_time;
      arm_timers();
    }
  }
  if (state_ == state::listen) return std::exchange(wake_, 0);
  const i64 memory = static_cast<i64>(send_.memory() + received_memory_ + reorder_.memory());
  const i64 change = memory - accounted_;
  if (change > accounting_step || change < -accounting_step) account(change);
  const u32 old = ready_.load(std::memory_order_relaxed);
  const u32 ready = compute_readiness();
  ready_.store(ready, std::memory_order_release);
  return std::exchange(wake_, 0) | (ready & ~old);
}

u32 connection::compute_readiness() const {
  if (state_ == state::established && error_ == errc::ok && !send_shutdown_ && !receive_shutdown_) [[likely]] {
    const u32 data = received_bytes_ == 0 ? 0 : received_bytes_ >= options.low_water ? ready_any_data | poll_in : ready_any_data;
    return send_.empty() || is_writable() ? data | poll_out : data;
  }
  u32 bits = error_ != errc::ok ? poll_error : 0;
  if (state_ == state::closed || (send_shutdown_ && receive_closed())) bits |= poll_hang_up;
  if (receive_closed()) bits |= poll_in | poll_read_hang_up;
  if (state_ == state::syn_sent || state_ == state::syn_received) return bits;
  if (received_bytes_) bits |= received_bytes_ >= options.low_water ? ready_any_data | poll_in : ready_any_data;
  if (send_shutdown_ || is_writable()) bits |= poll_out;
  return bits;
}

void connection::set_state(state s) {
  const auto counted = [](state x) { return x != state::closed; };
  if (counted(state_)) stack_.connections_by_state[static_cast<usize>(state_)].fetch_sub(1, std::memory_order_relaxed);
  if (state_ == state::time_wait) stack_.time_wait_count.fetch_sub(1, std::memory_order_relaxed);
  trace::point::tcp_state(ports_for_trace(), state_, s);
  state_ = s;
  if (counted(s)) stack_.connections_by_state[static_cast<usize>(s)].fetch_add(1, std::memory_order_relaxed);
  if (s == state::time_wait) stack_.time_wait_count.fetch_add(1, std::memory_order_relaxed);
}

void connection::release_buffers() {
  send_.clear();
  score_.clear();
  reorder_.clear();
  if (!attached_) {
    io::discard(received_);
    received_bytes_ = 0;
    received_memory_ = 0;
  }
}

void connection::finish(errc error) {
  if (state_ == state::closed) return;
  if (listener_ && std::exchange(counted_half_open_, false)) {
    lock::guard g(listener_->listening_->lock);
    --listener_->listening_->half_open;
  }
  listener_ = nullptr;
  if (error != errc::ok) error_ = error;
  set_state(state::closed);
  send_shutdown_ = receive_shutdown_ = true;
  acknowledge_now_ = acknowledge_later_ = false;
  retransmit_at_ = delayed_ack_at_ = keep_alive_at_ = wait_until_ = cork_until_ = never;
  release_buffers();
  neighbour_ = nullptr;
  peer_ = nullptr;
  wake_ = ~0u;
  dirty_ = true;
  stack_.timers.remove(*this);
  stack_.connections.erase(*this);
}

void connection::abandon() {
  release_buffers();
  listener_ = nullptr;
  peer_ = nullptr;
}

void connection::enter_time_wait() {
  if (stack_.time_wait_count.load(std::memory_order_relaxed) >= stack_.bounds.time_wait_max) {
    if (acknowledge_now_) send_acknowledgement();
    return finish(errc::ok);
  }
  set_state(state::time_wait);
  wake_ |= poll_out;
  release_buffers();
  retransmit_at_ = keep_alive_at_ = cork_until_ = never;
  wait_until_ = clock() + time_wait_length;
}

void connection::close() {
  dirty_ = true;
  attached_ = false;
  if (state_ == state::listen) {
    stop_listening();
    stack_.tcp_ports.release(*this);
    return;
  }
  const bool unread = received_bytes_ != 0;
  stack_.tcp_ports.release(*this);
  if (state_ == state::closed) return release_buffers();
  // RFC 1122 §4.2.2.13: data that nobody will read any more must not look delivered. SO_LINGER 0: socket(7).
  if ((unread && state_ != state::time_wait) || (options.linger && options.linger_seconds == 0)) {
    if (state_ != state::time_wait && state_ != state::syn_sent) send_reset_now();
    return finish(errc::ok);
  }
  if (state_ == state::syn_sent) return finish(errc::ok);
  io::discard(received_);
  received_memory_ = 0;
  shutdown_send();
  if (state_ == state::fin_wait_2 && wait_until_ == never) wait_until_ = clock() + options.fin_wait_2_seconds * second;
}

void connection::stop_listening() {
  listener_state& l = *listening_;
  stack_.tcp_ports.stop_listening(*this);
  connection* child;
  {
    lock::guard g(l.lock);
    l.open = false;
    child = std::exchange(l.first, nullptr);
    l.last = &l.first;
    l.ready = 0;
    ready_.store(poll_hang_up | poll_out, std::memory_order_release);
  }
  set_state(state::closed);
  wake_ = ~0u;
  while (child) {
    connection* next = child->next_accepted;
    {
      owner o(*child);
      child->attached_ = false;
      child->abort(errc::connection_aborted);
    }
    child->release();
    child = next;
  }
}

void connection::shutdown_send() {
  dirty_ = true;
  if (send_shutdown_) return;
  send_shutdown_ = true;
  if (state_ == state::established || state_ == state::syn_received)
    set_state(state::fin_wait_1);
  else if (state_ == state::close_wait)
    set_state(state::last_ack);
}

void connection::shutdown_receive() {
  dirty_ = true;
  if (state_ == state::listen) return stop_listening();
  receive_shutdown_ = true;
  wake_ |= poll_in | poll_read_hang_up;
}

void connection::abort(errc error) {
  dirty_ = true;
  if (state_ == state::closed) return;
  if (state_ != state::syn_sent && state_ != state::time_wait) send_reset_now();
  finish(error);
}

errc connection::take_error() {
  const errc e = error_;
  error_ = errc::ok;
  dirty_ = true;
  return e;
}

void connection::arm_timers() {
  nanoseconds next = retransmit_at_ < delayed_ack_at_ ? retransmit_at_ : delayed_ack_at_;
  for (const nanoseconds t : {keep_alive_at_, wait_until_, cork_until_})
    if (t < next) next = t;
  stack_.timers.arm(*this, next);
}

void connection::run_timers(nanoseconds time) {
  if (wait_until_ <= time) {
    wait_until_ = never;
    if (state_ == state::time_wait || state_ == state::fin_wait_2) return finish(errc::ok);
  }
  if (delayed_ack_at_ <= time) {
    delayed_ack_at_ = never;
    if (acknowledge_later_) {
      acknowledge_now_ = true;
      interactive_ = false;  // no answer came to carry it
    }
  }
  if (cork_until_ <= time) {
    cork_until_ = never;
    flush_once_ = true;
  }
  if (retransmit_at_ <= time) {
    retransmit_at_ = never;
    switch (std::exchange(retransmit_kind_, retransmit_kind::none)) {
      case retransmit_kind::timeout: retransmission_timeout(); break;
      case retransmit_kind::probe: tail_loss_probe(); break;
      case retransmit_kind::reorder: {
        delivery nothing;
        recover(nothing, false, false, segment{});
        break;
      }
      case retransmit_kind::window_probe: probe_window(); break;
      case retransmit_kind::none: break;
    }
  }
  if (keep_alive_at_ <= time) keep_alive(time);
}

void connection::keep_alive(nanoseconds time) {
  keep_alive_at_ = never;
  if (!options.keep_alive || (state_ != state::established && state_ != state::close_wait)) return;
  const nanoseconds idle_limit = options.keep_idle_seconds * second, interval = options.keep_interval_seconds * second;
  if (!score_.empty() || unsent_bytes()) {  // retransmissions ask anyway
    keep_alive_at_ = time + idle_limit;
    return;
  }
  const nanoseconds idle = time - last_received_at;
  if (idle < idle_limit) {
    keep_probes_ = 0;
    keep_alive_at_ = last_received_at + idle_limit;
    return;
  }
  const bool out_of_time = options.user_timeout_ms && idle >= options.user_timeout_ms * millisecond && keep_probes_;
  if (keep_probes_ >= options.keep_count || out_of_time) {
    send_reset_now();
    return finish(soft_error_ != errc::ok ? soft_error_ : errc::timed_out);
  }
  (void)transmit(snd_una_ - 1, 0, tcp_ack);
  ++keep_probes_;
  keep_alive_at_ = time + interval;
}

void connection::settings_changed() {
  dirty_ = true;
  const bool live = state_ == state::established || state_ == state::close_wait;
  if (!options.keep_alive)
    keep_alive_at_ = never;
  else if (live)
    keep_alive_at_ = last_received_at + options.keep_idle_seconds * second;
  if (!options.cork) cork_until_ = never;
}

void connection::acknowledge_quickly(bool on) {
  dirty_ = true;
  interactive_ = !on;
  if (!on) return;
  quick_acks_ = 16;
  if (acknowledge_later_) acknowledge_now_ = true;
}

}  // namespace osv::net::tcp
