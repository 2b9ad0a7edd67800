#include "net/udp/socket.hh"

#include "net/checksum.hh"
#include "net/fragment_pool.hh"
#include "net/headers.hh"
#include "trace/count.hh"

namespace osv::net::udp {

namespace {
constexpr int datagram = 2;
constexpr u32 message_error_queue = 0x2000;
}  // namespace

socket::socket(stack& s, int family, u32 file_flags) : socket_base(s, family, datagram, protocol_udp, file_flags) { socket_family = family; }

socket::~socket() {
  closed();
  io::discard(received_);
}

result<ref<io::file>> create_socket(stack& s, int family, u32 file_flags) {
  return ref<io::file>(TRY(make_ref<socket>(s, family, file_flags)));
}

result<> socket::bind(const io::socket_address& to) {
  const endpoint local = TRY(from_socket_address(to, family_));
  sync::mutex_guard g(name_lock_);
  if (is_bound()) return fail(errc::invalid);
  if (!stack_.can_bind(local.ip)) return fail(errc::address_not_available);
  if (family_ == family_ipv6 && ipv6_only && local.ip.is_ipv4()) return fail(errc::invalid);
  return stack_.udp_ports.bind(*this, local);
}

result<> socket::ensure_bound() {
  if (is_bound()) return {};
  sync::mutex_guard g(name_lock_);
  if (is_bound()) return {};
  return stack_.udp_ports.bind(*this, {family_ == family_ipv4 ? address::from_ipv4(0) : address{}, 0});
}

result<> socket::find_target(const endpoint& to, const address& source, endpoint& target, route& r) {
  target = to;
  if (target.ip.is_unspecified())
    target.ip = family_ == family_ipv4 || target.ip.is_ipv4() ? address::from_ipv4(ipv4_loopback) : address::ipv6_loopback();
  if (family_ == family_ipv6 && ipv6_only && target.ip.is_ipv4()) return fail(errc::network_unreachable);
  u32 out = bound_interface;
  if (target.ip.is_multicast() && multicast_interface_) out = multicast_interface_;
  r = TRY(stack_.find_route(target.ip, source, out ? stack_.interface_by_index(out) : nullptr));
  if (r.broadcast && !broadcast_) return fail(errc::access);
  return {};
}

result<> socket::connect(const io::socket_address& to) {
  if (to.family() == family_unspecified && to.length >= sizeof(u16)) {
    if (is_bound()) {
      sync::mutex_guard g(name_lock_);
      stack_.udp_ports.connect(*this, {family_ == family_ipv4 ? address::from_ipv4(0) : address{}, 0}, {});
    }
    return {};
  }
  const endpoint remote = TRY(from_socket_address(to, family_));
  endpoint target;
  route r;
  TRY(ensure_bound());
  const address source = local_endpoint.ip;
  TRY(find_target(remote, source.is_unspecified() ? address{} : source, target, r));
  sync::mutex_guard g(name_lock_);
  stack_.udp_ports.connect(*this, {source.is_unspecified() ? r.source : source, 0}, target);
  return {};
}

result<> socket::local_name(io::socket_address& into) {
  to_socket_address(is_bound() ? local_endpoint : endpoint{}, family_, into);
  return {};
}

result<> socket::peer_name(io::socket_address& into) {
  if (!remote_endpoint.port) return fail(errc::not_connected);
  to_socket_address(remote_endpoint, family_, into);
  return {};
}

result<> socket::shutdown(int how) {
  if (how < 0 || how > 2) return fail(errc::invalid);
  if (!remote_endpoint.port) return fail(errc::not_connected);
  {
    lock::guard g(lock_);
    if (how != 1) receive_shutdown_ = true;
    if (how != 0) send_shutdown_ = true;
    publish_locked();
  }
  waiters_.wake();
  return {};
}

result<unique<io::packet>> socket::make_datagram(io::cursor& data, usize size) {
  unique<io::packet> p = TRY(io::packet::create());
  (void)p->append(sizeof(udp_header));
  if (size <= p->tailroom()) {
    if (size) {
      const usize copied = TRY(data.take(p->append(size), size));
      if (copied != size) return fail(errc::fault);
    }
    return p;
  }
  while (size) {
    const page_piece piece = TRY(reserve_piece(size));
    const auto copied = data.take(piece.page->as<u8>() + piece.offset, piece.length);
    if (!copied.ok() || copied.value() != piece.length || !p->add_fragment(piece.page, piece.offset, piece.length)) {
      memory::release(*piece.page);
      return fail(copied.ok() ? errc::fault : copied.error());
    }
    size -= piece.length;
  }
  return p;
}

result<usize> socket::send(io::message& m, u32 flags) {
  if (flags & io::message_flag::out_of_band) return fail(errc::not_supported);
  if (send_shutdown_) return fail(errc::broken_pipe);
  if (errc e = take_error(); e != errc::ok) return fail(e);
  endpoint to;
  if (m.address && m.address->length) {
    to = TRY(from_socket_address(*m.address, family_));
    if (to.port == 0) return fail(errc::invalid);
  } else {
    if (!remote_endpoint.port) return fail(errc::destination_required);
    to = remote_endpoint;
  }
  const usize size = m.data->remaining();
  if (size > payload_max) return fail(errc::message_size);
  TRY(ensure_bound());
  const send_control control = TRY(read_control(m));
  address source = control.source;
  if (source.is_unspecified()) source = local_endpoint.ip.is_unspecified() || local_endpoint.ip.is_multicast() ? address{} : local_endpoint.ip;
  endpoint target;
  route r;
  TRY(find_target(to, source, target, r));
  if (r.source.is_ipv4() != target.ip.is_ipv4() && !r.source.is_unspecified()) return fail(errc::network_unreachable);

  unique<io::packet> p = TRY(make_datagram(*m.data, size));
  auto* header = reinterpret_cast<udp_header*>(p->data());
  header->source_port = local_endpoint.port;
  header->destination_port = target.port;
  header->length = static_cast<u16>(size + sizeof *header);
  header->checksum = 0;
  stack::finish_checksum(*p, r, r.source, target.ip, protocol_udp, offsetof(udp_header, checksum));
  stack::send_options o;
  o.protocol = protocol_udp;
  o.type_of_service = control.type_of_service < 0 ? type_of_service_ : static_cast<u8>(control.type_of_service);
  o.time_to_live = target.ip.is_multicast() ? multicast_time_to_live_ : time_to_live_;
  if (control.time_to_live >= 0) o.time_to_live = static_cast<u8>(control.time_to_live);
  if (r.local) p->control[5] = o.type_of_service | static_cast<u64>(o.time_to_live) << 8;  // a loopback packet has no IP header
  o.dont_fragment = path_mtu_discovery_ >= 2;  // IP_PMTUDISC_DO, PROBE
  TRY(stack_.send(std::move(p), r, r.source, target.ip, o));
  trace::count(trace::counter::udp_sent);
  return size;
}

result<usize> socket::receive(io::message& m, u32 flags) {
  using namespace io::message_flag;
  if (flags & message_error_queue) return fail(errc::again);
  if (flags & out_of_band) return fail(errc::not_supported);
  const nanoseconds deadline = deadline_after(receive_timeout_);
  unique<io::packet> p;
  for (;;) {
    {
      lock::guard g(lock_);
      p.reset(received_.pop_front());
      if (p) {
        received_memory_ -= static_cast<u32>(p->memory_size());
        --received_count_;
        publish_locked();
      }
    }
    if (p) break;
    if (errc e = take_error(); e != errc::ok) return fail(e);
    if (receive_shutdown_) return usize{0};
    if (non_blocking() || (flags & dont_wait)) return fail(errc::again);
    switch (waiters_.wait([&] { return (poll() & (poll_in | poll_error)) != 0; }, deadline, true, true)) {
      case sync::wait_result::ready: break;
      case sync::wait_result::timed_out: return fail(errc::again);
      case sync::wait_result::interrupted: return fail(interruption(receive_timeout_));
    }
  }
  const usize size = p->size();
  usize n = size < m.data->remaining() ? size : m.data->remaining();
  if (n < size) m.flags |= truncated;
  result<usize> copied(n);
  for (usize at = 0; at < n && copied.ok();) {  // piece by piece: linear part, then fragments
    const u8* from = p->data() + at;
    usize part = p->linear() > at ? p->linear() - at : 0;
    if (part == 0) {
      usize skip = at - p->linear();
      for (usize i = 0; i < p->fragment_count(); ++i) {
        const io::packet_fragment& f = p->fragment(i);
        if (skip < f.length) {
          from = f.page->as<u8>() + f.offset + skip;
          part = f.length - skip;
          break;
        }
        skip -= f.length;
      }
    }
    if (part > n - at) part = n - at;
    auto put = m.data->put(from, part);
    if (!put.ok() || put.value() != part) copied = fail(errc::fault);
    at += part;
  }
  if (m.address) {
    endpoint from;
    from.ip = {p->control[0], p->control[1]};
    from.port = static_cast<u16>(p->control[2]);
    to_socket_address(from, family_, *m.address);
  }
  put_control(m, *p);
  bool peeked = false;
  if (flags & peek) {
    lock::guard g(lock_);
    received_memory_ += static_cast<u32>(p->memory_size());
    ++received_count_;
    received_.push_front(*p.release());
    publish_locked();
    peeked = true;
  }
  // Who came to an empty queue meanwhile sleeps: the datagram is there again.
  if (peeked) waiters_.wake_one(poll_in);
  if (!copied.ok()) return fail(copied.error());
  return flags & truncated ? size : n;
}

void socket::deliver(unique<io::packet> packet, interface& in, const endpoint& from, const address& to) {
  const u32 size = static_cast<u32>(packet->memory_size());
  packet->control[0] = from.ip.high;
  packet->control[1] = from.ip.low;
  packet->control[2] = from.port | static_cast<u64>(in.index()) << 32;
  packet->control[3] = to.high;
  packet->control[4] = to.low;
  if (timestamp_form_.load(std::memory_order_relaxed)) packet->received_at = sched::realtime();
  {
    lock::guard g(lock_);
    if (closed_ || receive_shutdown_) return;
    if (received_count_ && received_memory_ + size > receive_buffer_) {
      trace::count(trace::counter::udp_dropped);
      return stack_.drop(drop_reason::queue_full);
    }
    received_memory_ += size;
    ++received_count_;
    received_.push_back(*packet.release());
    publish_locked();
  }
  trace::count(trace::counter::udp_received);
  waiters_.wake_one(poll_in);
}

void socket::publish_locked() {
  u32 bits = poll_out;
  if (received_count_ || receive_shutdown_) bits |= poll_in;
  if (receive_shutdown_) bits |= poll_read_hang_up;
  if (receive_shutdown_ && send_shutdown_) bits |= poll_hang_up;
  if (error_ != errc::ok) bits |= poll_error;
  ready_.store(bits, std::memory_order_release);
}

void socket::note_error(errc error) {
  {
    lock::guard g(lock_);
    error_ = error;
    publish_locked();
  }
  waiters_.wake(poll_error);
}

errc socket::take_error() {
  if (!(poll() & poll_error)) return errc::ok;
  lock::guard g(lock_);
  const errc e = std::exchange(error_, errc::ok);
  publish_locked();
  return e;
}

u32 socket::pending_error() { return static_cast<u32>(take_error()); }

u32 socket::readable_bytes() {
  lock::guard g(lock_);
  return received_.empty() ? 0 : static_cast<u32>(received_.front().size());
}

void socket::closed() {
  {
    lock::guard g(lock_);
    if (closed_) return;
    closed_ = true;
  }
  stack_.udp_ports.release(*this);
  for (membership& m : memberships_)
    if (m.group)
      if (interface* i = stack_.interface_by_index(m.interface)) i->leave(m.group);
  io::packet_list dead;
  {
    lock::guard g(lock_);
    dead.splice_back(received_);
    received_count_ = received_memory_ = 0;
  }
  io::discard(dead);
}

}  // namespace osv::net::udp
