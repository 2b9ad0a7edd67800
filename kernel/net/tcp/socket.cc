#include "net/tcp/socket.hh"

namespace osv::net::tcp {

namespace {
constexpr int stream = 1;
constexpr u32 message_error_queue = 0x2000;
}  // namespace

socket::socket(stack& s, int family, u32 file_flags, ref<connection> c)
    : socket_base(s, family, stream, protocol_tcp, file_flags), connection_(std::move(c)) {
  connection_->inode = inode_;
}

socket::~socket() { closed(); }

result<ref<io::file>> create_socket(stack& s, int family, u32 file_flags) {
  ref<connection> c = TRY(make_ref<connection>(s, family));
  c->lock();
  c->settings_changed();  // publishes the readiness of a fresh socket
  c->unlock();
  return ref<io::file>(TRY(make_ref<socket>(s, family, file_flags, std::move(c))));
}

result<> socket::bind(const io::socket_address& to) {
  const endpoint local = TRY(from_socket_address(to, family_));
  owner o(*connection_);
  if (connection_->is_bound() || !connection_->is_closed()) return fail(errc::invalid);
  if (!stack_.can_bind(local.ip) || local.ip.is_multicast()) return fail(errc::address_not_available);
  if (family_ == family_ipv6 && connection_->ipv6_only && local.ip.is_ipv4()) return fail(errc::invalid);
  return stack_.tcp_ports.bind(*connection_, local);
}

result<> socket::wait_for(u32 bits, nanoseconds deadline, nanoseconds timeout, bool exclusive) {
  connection& c = *connection_;
  switch (c.waiters.wait([&] { return (c.readiness() & bits) != 0; }, deadline, true, exclusive)) {
    case sync::wait_result::ready: return {};
    case sync::wait_result::timed_out: return fail(errc::again);
    case sync::wait_result::interrupted: return fail(interruption(timeout));
  }
  return {};
}

result<> socket::connect(const io::socket_address& to) {
  if (to.family() == family_unspecified && to.length >= sizeof(u16)) {  // connect(2): dissolves the association
    owner o(*connection_);
    connection_->abort(errc::ok);
    (void)connection_->take_error();
    connecting_ = connected_once_ = false;
    return {};
  }
  const endpoint remote = TRY(from_socket_address(to, family_));
  {
    owner o(*connection_);
    connection& c = *connection_;
    if (connecting_) {
      if (c.is_opening()) {
        if (non_blocking()) return fail(errc::already);
      } else {
        connecting_ = false;
        if (c.has_error()) return fail(c.take_error());
        if (c.is_closed()) return fail(errc::connection_aborted);
        connected_once_ = true;
        return {};
      }
    } else {
      if (!c.is_closed()) return fail(errc::is_connected);
      if (family_ == family_ipv6 && c.ipv6_only && remote.ip.is_ipv4()) return fail(errc::network_unreachable);
      TRY(c.connect(remote));
      connecting_ = true;
      if (non_blocking()) return fail(errc::in_progress);
    }
  }
  return wait_connected();
}

result<> socket::wait_connected() {
  const auto waited = wait_for(poll_out | poll_error | poll_hang_up, deadline_after(send_timeout_), send_timeout_);
  if (!waited.ok()) return fail(waited.error() == errc::again ? errc::in_progress : waited.error());
  owner o(*connection_);
  connecting_ = false;
  if (connection_->has_error()) return fail(connection_->take_error());
  if (connection_->is_closed()) return fail(errc::connection_aborted);
  connected_once_ = true;
  return {};
}

result<> socket::listen(int backlog) {
  owner o(*connection_);
  if (!connection_->is_closed() && !connection_->is_listening()) return fail(errc::invalid);
  if (!connection_->is_bound()) {
    const address any = family_ == family_ipv4 ? address::from_ipv4(0) : address{};
    TRY(stack_.tcp_ports.bind(*connection_, {any, 0}));
  }
  return connection_->listen(backlog < 0 ? ~0u : static_cast<u32>(backlog));
}

result<ref<io::file>> socket::accept(io::socket_address* peer, u32 file_flags) {
  if (!connection_->is_listening()) return fail(errc::invalid);
  const nanoseconds deadline = deadline_after(receive_timeout_);
  for (;;) {
    if (ref<connection> child = connection_->take_accepted()) {
      if (peer) to_socket_address({child->key.remote, child->key.remote_port}, family_, *peer);
      auto made = make_ref<socket>(stack_, family_, file_flags, child);
      if (!made.ok()) {
        owner o(*child);
        child->abort(errc::no_memory);
        child->close();
        return fail(errc::no_memory);
      }
      made.value()->connected_once_ = true;
      return ref<io::file>(made.release());
    }
    if (!connection_->is_listening()) return fail(errc::invalid);
    if (non_blocking()) return fail(errc::again);
    TRY(wait_for(poll_in | poll_hang_up, deadline, receive_timeout_, true));
  }
}

result<> socket::local_name(io::socket_address& into) {
  owner o(*connection_);
  const connection& c = *connection_;
  if (connected_once_ || connecting_)
    to_socket_address({c.key.local, c.key.local_port}, family_, into);
  else
    to_socket_address(c.is_bound() ? c.local_endpoint : endpoint{}, family_, into);
  return {};
}

result<> socket::peer_name(io::socket_address& into) {
  owner o(*connection_);
  const connection& c = *connection_;
  if (c.is_closed() || c.is_listening() || c.current_state() == state::syn_sent) return fail(errc::not_connected);
  to_socket_address({c.key.remote, c.key.remote_port}, family_, into);
  return {};
}

result<> socket::shutdown(int how) {
  if (how < 0 || how > 2) return fail(errc::invalid);
  owner o(*connection_);
  connection& c = *connection_;
  if (c.is_closed()) return fail(errc::not_connected);
  if (c.current_state() == state::syn_sent) {
    c.abort(errc::ok);
    return {};
  }
  if (c.is_listening()) {
    if (how != 1) c.shutdown_receive();
    return {};
  }
  if (how != 1) c.shutdown_receive();
  if (how != 0) c.shutdown_send();
  return {};
}

result<usize> socket::send(io::message& m, u32 flags) {
  using namespace io::message_flag;
  if (flags & out_of_band) return fail(errc::not_supported);
  connection& c = *connection_;
  io::cursor& data = *m.data;
  const nanoseconds deadline = deadline_after(send_timeout_);
  usize done = 0;
  for (;;) {
    {
      owner o(c);
      if (c.has_error() && done == 0) return fail(c.take_error());
      const bool unconnected = c.is_closed() || c.is_listening();
      if (unconnected || c.send_closed()) {
        if (done) return done;
        return fail(errc::broken_pipe);
      }
      if (!c.is_opening()) {
        if (data.done()) return done;
        auto n = c.append(data, flags & more);
        if (n.ok()) {
          done += n.value();
          if (data.done()) return done;
        } else if (n.error() != errc::again) {
          if (done) return done;
          return fail(n.error());
        }
      }
    }
    if (non_blocking() || (flags & dont_wait)) {
      if (done) return done;
      return fail(errc::again);
    }
    const auto waited = wait_for(poll_out | poll_error | poll_hang_up, deadline, send_timeout_);
    if (!waited.ok()) {
      if (done) return done;
      return fail(waited.error());
    }
  }
}

result<usize> socket::receive(io::message& m, u32 flags) {
  using namespace io::message_flag;
  if (flags & out_of_band) return fail(errc::invalid);
  if (flags & message_error_queue) return fail(errc::again);
  if (m.address) m.address->length = 0;
  connection& c = *connection_;
  const bool peeking = flags & peek;
  io::cursor* into = flags & truncated ? nullptr : m.data;
  const usize size = m.data->remaining();
  const usize low_water = c.options.low_water < size ? c.options.low_water : size;
  const usize target = (flags & wait_all) && !peeking ? size : low_water;
  const nanoseconds deadline = deadline_after(receive_timeout_);
  usize done = 0;
  for (;;) {
    // A look without ownership spares the round through lock and unlock when there is nothing to read.
    if (c.may_read() || !size || c.is_listening() || !connected_once_) {
      owner o(c);
      if (c.is_listening()) return fail(errc::not_connected);
      if (size) {
        auto n = c.read(into, size - done, peeking, 0);
        if (n.ok())
          done += n.value();
        else if (n.error() != errc::again)
          return done ? result<usize>(done) : fail(n.error());
      }
      if (done >= target && (done || !size)) return done;
      if (done && peeking) return done;
      // After the peer's FIN the stream has a proper end, whatever came then; the error stays for send(2) and SO_ERROR.
      if (c.peer_finished()) return done;
      if (c.has_error()) {
        if (done) return done;
        return fail(c.take_error());
      }
      if (c.receive_closed() && (connected_once_ || connecting_)) return done;
      if (c.is_closed()) return done ? result<usize>(done) : fail(errc::not_connected);
    }
    if (non_blocking() || (flags & dont_wait)) {
      if (done) return done;
      return fail(errc::again);
    }
    const auto waited = wait_for(poll_in | poll_error | poll_hang_up | poll_read_hang_up, deadline, receive_timeout_);
    if (!waited.ok()) {
      if (done) return done;
      return fail(waited.error());
    }
  }
}

void socket::closed() {
  if (std::exchange(closed_, true)) return;
  connection& c = *connection_;
  const bool linger = c.options.linger && c.options.linger_seconds;
  {
    owner o(c);
    c.close();
  }
  // SO_LINGER with a time: waits until everything is acknowledged (socket(7)).
  if (linger)
    (void)c.waiters.wait([&] { return c.finished_sending(); }, now() + c.options.linger_seconds * second);
}

u32 socket::pending_error() {
  owner o(*connection_);
  return static_cast<u32>(connection_->take_error());
}

u32 socket::readable_bytes() {
  owner o(*connection_);
  return connection_->received_bytes();
}

u32 socket::queued_bytes() {
  owner o(*connection_);
  return connection_->unacknowledged_bytes();
}

}  // namespace osv::net::tcp
