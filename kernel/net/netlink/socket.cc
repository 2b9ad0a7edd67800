#include "net/netlink/socket.hh"

#include "net/netlink/route.hh"
#include "net/poll_bits.hh"

namespace osv::net::netlink {

namespace {

constexpr int raw = 3, datagram = 2, protocol_route = 0, level_socket = 1, level_netlink = 270;
constexpr usize request_max = 4096;
constexpr unsigned queue_max = 256;  // packets

struct socket_name {  // struct sockaddr_nl
  u16 family;
  u16 padding;
  u32 port;
  u32 groups;
};

std::atomic<u32> next_port{0x80000000};  // apart from process ids

class socket final : public io::socket_file {
 public:
  socket(stack& s, int type, u32 file_flags) : io::socket_file(file_flags | io::open_flag::read_write), stack_(s), type_(type) {}
  ~socket() override { io::discard(received_); }

  result<> bind(const io::socket_address& to) override {
    socket_name n{};
    if (to.length < sizeof n) return fail(errc::invalid);
    __builtin_memcpy(&n, to.bytes, sizeof n);
    if (n.family != family_netlink) return fail(errc::invalid);
    if (n.port)
      port_ = n.port;
    else
      (void)own_port();
    groups_ = n.groups;
    return {};
  }
  result<> connect(const io::socket_address&) override {
    (void)own_port();
    return {};
  }
  result<> local_name(io::socket_address& into) override {
    put_name(into, port_, groups_);
    return {};
  }
  result<> peer_name(io::socket_address& into) override {
    put_name(into, 0, 0);
    return {};
  }
  result<usize> send(io::message& m, u32) override {
    const usize size = m.data->remaining();
    if (size > request_max) return fail(errc::message_size);
    buffer<u8> request = TRY(buffer<u8>::create(size));
    const usize n = TRY(m.data->take(request.data(), size));
    for (usize at = 0; at + sizeof(message_header) <= n;) {
      message_header h;
      __builtin_memcpy(&h, request.data() + at, sizeof h);
      if (h.length < sizeof h || h.length > n - at) break;
      if (h.flags & flag_request) TRY(reply(h, request.data() + at + sizeof h, h.length - sizeof h));
      at += align_up(h.length, 4);
    }
    return n;
  }
  result<usize> receive(io::message& m, u32 flags) override {
    using namespace io::message_flag;
    for (;;) {
      const auto got = take(m, flags);
      if (got.ok() || got.error() != errc::again) return got;
      if (non_blocking() || (flags & dont_wait)) return fail(errc::again);
      if (waiters_.wait([&] { return (poll() & poll_in) != 0; }) == sync::wait_result::interrupted) return fail(errc::restart);
    }
  }
  result<> set_option(int level, int, const void*, usize) override {
    if (level != level_socket && level != level_netlink) return fail(errc::no_protocol_option);
    return {};  // buffer sizes, membership, extended acknowledgements: without effect on answers
  }
  result<usize> get_option(int level, int name, void* into, usize size) override {
    constexpr int option_type = 3, option_error = 4, option_send_buffer = 7, option_receive_buffer = 8, option_protocol = 38, option_domain = 39;
    if (level != level_socket || size < sizeof(i32)) return fail(errc::no_protocol_option);
    i32 value = 0;
    switch (name) {
      case option_type: value = type_; break;
      case option_domain: value = family_netlink; break;
      case option_error: case option_protocol: break;
      case option_send_buffer: case option_receive_buffer: value = 212992; break;
      default: return fail(errc::no_protocol_option);
    }
    __builtin_memcpy(into, &value, sizeof value);
    return sizeof value;
  }
  result<> stat(io::file_status& into) override {
    into.device = 8;
    into.mode = io::mode::socket | 0777;
    return {};
  }
  u32 poll() override { return poll_out | (ready_.load(std::memory_order_acquire) ? poll_in : 0); }
  sync::wait_queue* poll_queue() override { return &waiters_; }
  std::string_view name() const override { return "socket:[netlink]"; }

 private:
  u32 own_port() {
    if (!port_) port_ = next_port.fetch_add(1, std::memory_order_relaxed);
    return port_;
  }
  static void put_name(io::socket_address& into, u32 port, u32 groups) {
    const socket_name n{family_netlink, 0, port, groups};
    __builtin_memcpy(into.bytes, &n, sizeof n);
    into.length = sizeof n;
  }
  result<> reply(const message_header& h, const u8* body, usize size) {
    io::packet_list packets;
    const auto answered = answer(stack_, h, body, size, own_port(), packets);
    if (!answered.ok()) {
      io::discard(packets);
      return answered;
    }
    {
      sync::mutex_guard g(lock_);
      while (io::packet* p = packets.pop_front()) {
        if (queued_ == queue_max) {
          delete p;
          continue;
        }
        received_.push_back(*p);
        ++queued_;
      }
      ready_.store(queued_, std::memory_order_release);
    }
    waiters_.wake(poll_in);
    return {};
  }
  result<usize> take(io::message& m, u32 flags) {
    using namespace io::message_flag;
    sync::mutex_guard g(lock_);
    if (received_.empty()) return fail(errc::again);
    io::packet& p = received_.front();
    const usize size = p.size();
    const usize n = size < m.data->remaining() ? size : m.data->remaining();
    if (n) TRY(m.data->put(p.data(), n));
    if (n < size) m.flags |= truncated;
    if (m.address) put_name(*m.address, 0, 0);
    if (!(flags & peek)) {
      delete received_.pop_front();
      ready_.store(--queued_, std::memory_order_release);
    }
    return flags & truncated ? size : n;
  }

  stack& stack_;
  const int type_;
  u32 port_ = 0, groups_ = 0;
  sync::mutex lock_;  // over the queue; copies to the program happen under it
  io::packet_list received_;
  u32 queued_ = 0;
  std::atomic<u32> ready_{0};
  sync::wait_queue waiters_;
};

}  // namespace

result<ref<io::file>> create_socket(stack& s, int type, int protocol, u32 file_flags) {
  if (type != raw && type != datagram) return fail(errc::socket_type_not_supported);
  if (protocol != protocol_route) return fail(errc::protocol_not_supported);
  return ref<io::file>(TRY(make_ref<socket>(s, type, file_flags)));
}

}  // namespace osv::net::netlink
