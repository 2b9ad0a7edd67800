#include "linux/unix_socket.hh"

#include "base/format.hh"

#include "linux/process.hh"
#include "linux/unix_names.hh"

namespace osv::linux_abi {

namespace {

std::atomic<u64> next_inode{1};

unix_credentials own_credentials() {
  const process& p = current_process();
  return {static_cast<i32>(p.id), p.identity.effective_user, p.identity.effective_group};
}

result<ref<unix_endpoint>> create_endpoint(int type, int protocol) {
  constexpr int family_unix = 1;
  if (protocol != 0 && protocol != family_unix) return fail(errc::protocol_not_supported);
  if (type == 3) type = 2;  // SOCK_RAW is a datagram here (unix_create of Linux)
  if (type != 1 && type != 2 && type != 5) return fail(errc::socket_type_not_supported);
  return make_ref<unix_endpoint>(static_cast<unix_type>(type));
}

result<ref<io::file>> create(int type, int protocol, u32 file_flags) {
  ref<unix_endpoint> endpoint = TRY(create_endpoint(type, protocol));
  return ref<io::file>(TRY(make_ref<unix_socket>(std::move(endpoint), file_flags)));
}

}  // namespace

void initialize_unix_sockets() { io::register_socket_family(1, create); }

result<unix_socket_pair> create_unix_pair(int type, int protocol, u32 file_flags) {
  ref<unix_endpoint> a = TRY(create_endpoint(type, protocol));
  ref<unix_endpoint> b = TRY(create_endpoint(type, protocol));
  for (auto* endpoint : {a.get(), b.get()}) endpoint->peer_credentials = own_credentials();
  ref<io::file> first = TRY(make_ref<unix_socket>(a, file_flags));
  ref<io::file> second = TRY(make_ref<unix_socket>(b, file_flags));
  TRY(unix_endpoint::connect_pair(a, b));
  return unix_socket_pair{std::move(first), std::move(second)};
}

unix_socket::unix_socket(ref<unix_endpoint> endpoint, u32 flags)
    : socket_file(io::open_flag::read_write | flags), endpoint_(std::move(endpoint)), inode_(next_inode.fetch_add(1)) {
  text_writer out(name_, sizeof name_);
  format_to(out, "socket:[{}]", inode_);
  name_size_ = static_cast<u8>(out.size());
}

unix_socket::~unix_socket() { closed(); }

void unix_socket::closed() {
  forget_unix_name(*endpoint_);
  endpoint_->close();
}

result<> unix_socket::bind(const io::socket_address& address) { return bind_unix_name(endpoint_, address); }

result<> unix_socket::listen(int backlog) {
  if (!endpoint_->connection_oriented()) return fail(errc::not_supported);
  if (!endpoint_->name.length || endpoint_->connected) return fail(errc::invalid);
  const unsigned limit = backlog < 0 || backlog > static_cast<int>(unix_endpoint::backlog_default)
                             ? unix_endpoint::backlog_default
                             : static_cast<unsigned>(backlog);
  endpoint_->peer_credentials = own_credentials();
  endpoint_->backlog_limit.store(limit);
  endpoint_->listening.store(true, std::memory_order_release);
  endpoint_->room.wake();
  return {};
}

result<> unix_socket::connect(const io::socket_address& address) {
  if (!endpoint_->connection_oriented()) {
    if (address.family() == 0) {  // AF_UNSPEC takes the destination away
      endpoint_->set_peer(nullptr);
      return {};
    }
    endpoint_->set_peer(TRY(find_unix_name(address, endpoint_->type)));
    return {};
  }
  if (endpoint_->listening) return fail(errc::invalid);
  if (endpoint_->connected) return fail(errc::is_connected);
  return connect_stream(TRY(find_unix_name(address, endpoint_->type)));
}

result<> unix_socket::connect_stream(const ref<unix_endpoint>& listener) {
  ref<unix_endpoint> server = TRY(make_ref<unix_endpoint>(endpoint_->type));
  server->name = listener->name;
  server->peer_name = endpoint_->name;
  server->peer_credentials = own_credentials();
  server->pass_credentials.store(listener->pass_credentials);
  for (;;) {
    if (!listener->offer_room()) {
      if (non_blocking()) return fail(errc::again);
      const nanoseconds deadline = send_timeout_ == never ? never : sched::now() + send_timeout_;
      const auto outcome = listener->room.wait([&] { return listener->offer_room(); }, deadline);
      if (outcome == sync::wait_result::timed_out) return fail(errc::again);
      if (outcome == sync::wait_result::interrupted) return fail(errc::restart);
    }
    // Tied before it is offered: an accepted connection must be complete.
    endpoint_->peer_name = listener->name;
    endpoint_->peer_credentials = listener->peer_credentials;
    TRY(unix_endpoint::connect_pair(endpoint_, server));
    auto offered = listener->offer(server);
    if (offered.ok()) break;
    endpoint_->connected.store(false);
    server->close();
    endpoint_->receive_shut.store(false);
    endpoint_->send_shut.store(false);
    if (offered.error() != errc::again) return offered;
    ref<unix_endpoint> fresh = TRY(make_ref<unix_endpoint>(endpoint_->type));
    fresh->name = server->name;
    fresh->peer_name = server->peer_name;
    fresh->peer_credentials = server->peer_credentials;
    server = std::move(fresh);
  }
  endpoint_->queue.wake();
  return {};
}

result<ref<io::file>> unix_socket::accept(io::socket_address* from, u32 flags) {
  if (!endpoint_->connection_oriented()) return fail(errc::not_supported);
  if (!endpoint_->listening) return fail(errc::invalid);
  for (;;) {
    if (ref<unix_endpoint> taken = endpoint_->take_offer()) {
      if (from) {
        *from = taken->peer_name;
        if (!from->length) {
          from->bytes[0] = 1;
          from->bytes[1] = 0;
          from->length = 2;
        }
      }
      return ref<io::file>(TRY(make_ref<unix_socket>(std::move(taken), flags)));
    }
    if (!endpoint_->listening || endpoint_->receive_shut) return fail(errc::invalid);
    if (non_blocking()) return fail(errc::again);
    const nanoseconds deadline = receive_timeout_ == never ? never : sched::now() + receive_timeout_;
    const auto outcome = endpoint_->queue.wait(
        [&] { return endpoint_->offers() || !endpoint_->listening || endpoint_->receive_shut; }, deadline, true, true);
    if (outcome == sync::wait_result::timed_out) return fail(errc::again);
    if (outcome == sync::wait_result::interrupted) return fail(errc::restart);
  }
}

namespace {
void copy_name(io::socket_address& into, const io::socket_address& name) {
  into = name;
  if (into.length) return;
  into.bytes[0] = 1;  // unnamed: the family alone
  into.bytes[1] = 0;
  into.length = 2;
}
}  // namespace

result<> unix_socket::local_name(io::socket_address& into) {
  copy_name(into, endpoint_->name);
  return {};
}

result<> unix_socket::peer_name(io::socket_address& into) {
  if (endpoint_->connection_oriented()) {
    if (!endpoint_->connected) return fail(errc::not_connected);
    copy_name(into, endpoint_->peer_name);
    return {};
  }
  const ref<unix_endpoint> other = endpoint_->peer();
  if (!other) return fail(errc::not_connected);
  copy_name(into, other->name);
  return {};
}

result<> unix_socket::shutdown(int how) {
  if (how < 0 || how > 2) return fail(errc::invalid);
  if (endpoint_->connection_oriented() && !endpoint_->connected && !endpoint_->listening) return fail(errc::not_connected);
  endpoint_->shut(how);
  return {};
}

result<> unix_socket::stat(io::file_status& status) {
  status.inode = inode_;
  status.mode = io::mode::socket | 0777;
  status.device = 8;  // the anonymous device of sockets
  return {};
}

}  // namespace osv::linux_abi
