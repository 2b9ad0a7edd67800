// Sending and receiving on unix(7) sockets.
#include "linux/process.hh"
#include "linux/unix_control.hh"
#include "linux/unix_names.hh"
#include "linux/unix_socket.hh"

namespace osv::linux_abi {

namespace {

/// A stream's send is cut into packets of this many bytes, so that the reader can begin and the heap serves small blocks.
constexpr usize stream_packet_max = 16384;

unix_credentials own_credentials() {
  const process& p = current_process();
  return {static_cast<i32>(p.id), p.identity.effective_user, p.identity.effective_group};
}

nanoseconds deadline_from(nanoseconds timeout) { return timeout == never ? never : sched::now() + timeout; }

result<> outcome_of(sync::wait_result r, nanoseconds deadline) {
  if (r == sync::wait_result::timed_out) return fail(errc::again);
  // With a time-out a call is never restarted (signal(7)).
  if (r == sync::wait_result::interrupted) return fail(deadline == never ? errc::restart : errc::interrupted);
  return {};
}

result<unique<unix_packet>> packet_from(io::cursor& data, usize size) {
  unique<unix_packet> packet = TRY(unix_packet::create(size));
  const usize taken = TRY(data.take(packet->data(), size));
  if (taken != size) return fail(errc::fault);
  packet->sender = own_credentials();
  return packet;
}

}  // namespace

result<> unix_socket::wait_for_room(unix_endpoint& at, bool wait, nanoseconds deadline) {
  if (at.has_room()) return {};
  if (!wait) return fail(errc::again);
  return outcome_of(at.room.wait([&] { return at.has_room() || endpoint_->send_shut; }, deadline), deadline);
}

result<> unix_socket::wait_for_packet(bool wait, nanoseconds deadline) {
  if (!wait) return fail(errc::again);
  unix_endpoint& e = *endpoint_;
  const auto ready = [&] { return e.has_packets() || e.receive_shut || e.error.load(std::memory_order_relaxed); };
  return outcome_of(e.queue.wait(ready, deadline), deadline);
}

result<usize> unix_socket::send(io::message& m, u32 flags) {
  if (flags & io::message_flag::out_of_band) return fail(errc::not_supported);
  unix_rights rights;
  if (m.control_capacity) TRY(parse_unix_control(m, rights));
  if (m.address && m.address->length && endpoint_->connection_oriented())
    return fail(endpoint_->connected ? errc::is_connected : errc::not_supported);
  if (endpoint_->send_shut) return fail(errc::broken_pipe);
  return endpoint_->type == unix_type::stream ? send_stream(m, flags, rights) : send_packet(m, flags, rights);
}

result<usize> unix_socket::send_stream(io::message& m, u32 flags, unix_rights& rights) {
  const ref<unix_endpoint> other = endpoint_->peer();
  if (!other) return fail(endpoint_->connected ? errc::broken_pipe : errc::not_connected);
  const nanoseconds deadline = deadline_from(send_timeout_);
  usize sent = 0;
  while (!m.data->done()) {
    result<> step = wait_for_room(*other, may_wait(flags), deadline);
    if (step.ok() && endpoint_->send_shut) step = fail(errc::broken_pipe);
    if (step.ok()) {
      const usize left = m.data->remaining();
      const usize size = left < stream_packet_max ? left : stream_packet_max;
      auto packet = packet_from(*m.data, size);
      if (packet.ok()) {
        unique<unix_packet> p = packet.release();
        if (sent == 0) p->rights = std::move(rights);
        step = other->enqueue(std::move(p));
        if (step.ok()) sent += size;
      } else {
        step = fail(packet.error());
      }
    }
    if (!step.ok()) {
      if (sent) return sent;
      return fail(step.error());
    }
  }
  return sent;
}

result<usize> unix_socket::send_packet(io::message& m, u32 flags, unix_rights& rights) {
  ref<unix_endpoint> other;
  if (m.address && m.address->length)
    other = TRY(find_unix_name(*m.address, endpoint_->type));
  else
    other = endpoint_->peer();
  if (!other) {
    if (!endpoint_->connection_oriented()) return fail(errc::not_connected);
    return fail(endpoint_->connected ? errc::broken_pipe : errc::not_connected);
  }
  const usize size = m.data->remaining();
  if (size > endpoint_->buffer_limit.load(std::memory_order_relaxed)) return fail(errc::message_size);
  TRY(wait_for_room(*other, may_wait(flags), deadline_from(send_timeout_)));
  unique<unix_packet> packet = TRY(packet_from(*m.data, size));
  packet->rights = std::move(rights);
  packet->from = endpoint_->name;
  TRY(other->enqueue(std::move(packet)));
  return size;
}

result<usize> unix_socket::receive(io::message& m, u32 flags) {
  if (flags & io::message_flag::out_of_band) return fail(errc::not_supported);
  if (endpoint_->listening) return fail(errc::invalid);
  return endpoint_->type == unix_type::stream ? receive_stream(m, flags) : receive_packet(m, flags);
}

result<usize> unix_socket::receive_stream(io::message& m, u32 flags) {
  unix_endpoint& e = *endpoint_;
  if (!e.connected) return fail(errc::invalid);
  const bool peek = flags & io::message_flag::peek;
  const nanoseconds deadline = deadline_from(receive_timeout_);
  usize received = 0;
  if (m.address) m.address->length = 0;
  for (;;) {
    bool stop = false;
    {
      sync::mutex_guard reading(e.reading);
      while (!m.data->done() && !stop) {
        unix_packet* packet = e.front();
        if (!packet) break;
        // Descriptors stand at the front of a packet and end what one call reads (unix(7), SCM_RIGHTS).
        if (!packet->rights.empty() && received) {
          stop = true;
          break;
        }
        const usize left = packet->size - packet->consumed;
        const usize n = TRY(m.data->put(packet->data() + packet->consumed, left));
        if (m.control && !peek && (received == 0 || !packet->rights.empty())) {
          if (!packet->rights.empty()) stop = true;
          deliver_unix_control(m, *packet, e.pass_credentials, flags & io::message_flag::close_on_exec);
        }
        received += n;
        if (peek) {
          stop = true;
          break;
        }
        if (!m.control) packet->rights.drop();
        packet->consumed += static_cast<u32>(n);
        if (packet->consumed == packet->size) (void)e.pop();
        e.consumed(n);
      }
    }
    const bool enough = received && !(flags & io::message_flag::wait_all);
    if (m.data->done() || stop || enough) return received;
    if (const errc error = e.take_error(); error != errc::ok) {
      if (received) return received;
      return fail(error);
    }
    if (e.receive_shut && !e.has_packets()) return received;
    if (auto waited = wait_for_packet(may_wait(flags), deadline); !waited.ok()) {
      if (received) return received;
      return fail(waited.error());
    }
  }
}

result<usize> unix_socket::receive_packet(io::message& m, u32 flags) {
  unix_endpoint& e = *endpoint_;
  if (e.type == unix_type::sequenced && !e.connected) return fail(errc::not_connected);
  const nanoseconds deadline = deadline_from(receive_timeout_);
  for (;;) {
    {
      sync::mutex_guard reading(e.reading);
      if (unix_packet* packet = e.front()) {
        usize copied = packet->size < m.data->remaining() ? packet->size : m.data->remaining();
        if (copied) copied = TRY(m.data->put(packet->data(), copied));
        if (copied < packet->size) m.flags |= io::message_flag::truncated;
        if (m.address) *m.address = packet->from;
        const usize answer = flags & io::message_flag::truncated ? packet->size : copied;
        if (flags & io::message_flag::peek) return answer;
        if (m.control) deliver_unix_control(m, *packet, e.pass_credentials, flags & io::message_flag::close_on_exec);
        const unique<unix_packet> gone = e.pop();
        e.consumed(gone->size);
        return answer;
      }
    }
    if (const errc error = e.take_error(); error != errc::ok) return fail(error);
    if (e.receive_shut) return usize{0};
    TRY(wait_for_packet(may_wait(flags), deadline));
  }
}

}  // namespace osv::linux_abi
