#include "net/dhcp.hh"

#include "log/log.hh"
#include "net/udp/socket.hh"
#include "sync/random.hh"

namespace osv::net {

namespace {

constexpr u16 server_port = 67, client_port = 68;
// RFC 2131 §4.1 starts at 4 s; machines in this product's networks answer in milliseconds, so the first tries come sooner.
constexpr nanoseconds patience_first = 500 * millisecond, patience_max = 16 * second;
constexpr unsigned tries_until_settled = 5;
constexpr nanoseconds renew_interval_min = 60 * second;
constexpr nanoseconds stop_interval = second;

}  // namespace

result<> dhcp_client::start(std::string_view hostname) {
  hostname_ = hostname;
  const formatted<24> name("dhcp/{}", interface_.name());
  thread_ = TRY(sched::spawn(name.view(), [this] { run(); }));
  return {};
}

void dhcp_client::stop() {
  if (!thread_) return;
  stopping_.store(true);
  sched::unpark(*thread_);
  while (!stopped_.load()) sched::yield();
  thread_ = nullptr;
}

result<ref<io::file>> dhcp_client::open_socket() {
  ref<io::file> f = TRY(udp::create_socket(stack_, family_ipv4, io::open_flag::non_blocking));
  io::socket_file& s = *f->as_socket();
  const i32 on = 1;
  TRY(s.set_option(option::level_socket, option::broadcast, &on, sizeof on));
  TRY(s.set_option(option::level_socket, option::reuse_address, &on, sizeof on));
  const std::string_view name = interface_.name();
  TRY(s.set_option(option::level_socket, option::bind_to_device, name.data(), name.size()));
  io::socket_address local;
  to_socket_address({address::from_ipv4(0), client_port}, family_ipv4, local);
  TRY(s.bind(local));
  return f;
}

dhcp_client::outcome dhcp_client::exchange(io::socket_file& socket, dhcp_request& request, u32 to, nanoseconds patience, dhcp_type wanted,
                                           dhcp_lease& answer) {
  auto message = buffer<u8>::create(dhcp_message_max);
  auto incoming = buffer<u8>::create(1500);
  if (!message.ok() || !incoming.ok()) return outcome::silence;
  const usize size = build_dhcp(*reinterpret_cast<u8(*)[dhcp_message_max]>(message->data()), request, interface_.mac());
  io::cursor data(static_cast<const void*>(message->data()), size);
  io::socket_address target;
  to_socket_address({address::from_ipv4(to), server_port}, family_ipv4, target);
  io::message out;
  out.data = &data;
  out.address = &target;
  (void)socket.send(out, 0);
  const nanoseconds deadline = now() + patience;
  while (!stopping_.load()) {
    const auto waited = socket.poll_queue()->wait([&] { return (socket.poll() & poll_in) || stopping_.load(); }, deadline, false);
    if (waited == sync::wait_result::timed_out) return outcome::silence;
    io::cursor into(static_cast<void*>(incoming->data()), incoming->size());
    io::message in;
    in.data = &into;
    auto got = socket.receive(in, 0);
    if (!got.ok()) continue;
    dhcp_lease lease;
    if (!parse_dhcp(incoming->data(), got.value(), interface_.mac(), lease).ok() || lease.transaction != request.transaction) continue;
    if (request.server && lease.server && lease.server != request.server) continue;
    if (lease.type == dhcp_type::refuse && wanted == dhcp_type::acknowledge) return outcome::refused;
    if (lease.type != wanted || lease.address == 0) continue;
    answer = std::move(lease);
    return outcome::got;
  }
  return outcome::stopped;
}

dhcp_client::outcome dhcp_client::acquire() {
  auto opened = open_socket();
  if (!opened.ok()) return outcome::silence;
  io::socket_file& socket = *opened.value()->as_socket();
  interface_.set_configuring(true);
  const nanoseconds start = now();
  nanoseconds patience = patience_first;
  outcome result = outcome::silence;
  for (unsigned tries = 0; !stopping_.load(); ++tries) {
    if (tries == tries_until_settled && !settled_.exchange(true)) {
      log::warning("net: {}: no DHCP server answers; going on trying", interface_.name());
      changed_.wake();
    }
    dhcp_request request;
    request.transaction = sync::random_u32();
    request.seconds = static_cast<u16>((now() - start) / second);
    request.hostname = hostname_;
    dhcp_lease offer;
    result = exchange(socket, request, ipv4_broadcast, patience, dhcp_type::offer, offer);
    if (result == outcome::got) {
      request.type = dhcp_type::request;
      request.wanted = offer.address;
      request.server = offer.server;
      dhcp_lease lease;
      for (unsigned again = 0; again < 3; ++again) {
        result = exchange(socket, request, ipv4_broadcast, patience, dhcp_type::acknowledge, lease);
        if (result != outcome::silence) break;
      }
      if (result == outcome::got) {
        const auto applied = apply(std::move(lease));
        if (applied.ok()) break;
        log::error("net: {}: the DHCP lease cannot be used (error {})", interface_.name(), static_cast<int>(applied.error()));
      }
    }
    if (patience < patience_max) patience *= 2;
  }
  interface_.set_configuring(false);
  opened.value()->closed();
  return result;
}

dhcp_client::outcome dhcp_client::renew(u32 to, nanoseconds until) {
  auto opened = open_socket();
  if (!opened.ok()) return outcome::silence;
  dhcp_request request;
  request.type = dhcp_type::request;
  request.transaction = sync::random_u32();
  request.client = address_;
  request.hostname = hostname_;
  dhcp_lease lease;
  // RFC 2131 §4.4.5: half of the remaining time between tries, at least a minute.
  nanoseconds patience = (until - now()) / 2;
  if (patience < renew_interval_min) patience = until - now() < renew_interval_min ? until - now() : renew_interval_min;
  outcome result = exchange(*opened.value()->as_socket(), request, to, patience, dhcp_type::acknowledge, lease);
  if (result == outcome::got && !apply(std::move(lease)).ok()) result = outcome::silence;
  opened.value()->closed();
  return result;
}

result<> dhcp_client::apply(dhcp_lease&& lease) {
  const nanoseconds time = now();
  const bool same = bound_.load() && lease.address == address_;
  u8 prefix = lease.prefix;
  if (prefix == 0) prefix = lease.address >> 31 == 0 ? 8 : lease.address >> 30 == 2 ? 16 : 24;  // RFC 950's classes
  if (!same) {
    if (bound_.load()) lose();
    constexpr u16 mtu_min = 576;
    if (lease.mtu >= mtu_min && lease.mtu <= interface_.device()->mtu()) interface_.set_mtu(lease.mtu);
    const u32 host = ~ipv4_mask(prefix);
    TRY(interface_.add_address({address::from_ipv4(lease.address), prefix, lease.broadcast ? lease.broadcast : prefix < 31 ? lease.address | host : 0}));
    interface_.neighbours().announce(lease.address);
    const auto add = [&](route_entry e) {
      e.out = &interface_;
      (void)stack_.routes.add(e);
    };
    if (!lease.routes.empty()) {  // RFC 3442: then the router option does not count
      for (const route_entry& e : lease.routes) add(e);
    } else if (!lease.routers.empty()) {
      route_entry e;
      e.gateway = lease.routers[0];
      add(e);
    }
  }
  address_ = lease.address;
  server_ = lease.server;
  const nanoseconds length = lease.lease_seconds == ~0u || lease.lease_seconds == 0 ? never : lease.lease_seconds * second;
  expire_at_ = length == never ? never : time + length;
  renew_at_ = length == never ? never : time + (lease.renew_seconds ? lease.renew_seconds * second : length / 2);
  rebind_at_ = length == never ? never : time + (lease.rebind_seconds ? lease.rebind_seconds * second : length / 8 * 7);
  if (!same) {
    char text[48];
    text_writer out(text, sizeof text);
    format_address(out, address::from_ipv4(lease.address));
    log::info("net: {}: {}/{} by DHCP", interface_.name(), out.view(), prefix);
  }
  lease_.with([&](dhcp_lease& current) { current = std::move(lease); });
  bound_.store(true, std::memory_order_release);
  settled_.store(true, std::memory_order_release);
  changed_.wake();
  return {};
}

void dhcp_client::lose() {
  interface_.remove_addresses();
  bound_.store(false, std::memory_order_release);
}

void dhcp_client::run() {
  while (!stopping_.load()) {
    if (acquire() != outcome::got) continue;
    while (!stopping_.load() && bound_.load()) {
      const nanoseconds time = now();
      if (time < renew_at_) {
        sched::park(renew_at_);
        continue;
      }
      if (time >= expire_at_) {
        log::warning("net: {}: the DHCP lease has expired", interface_.name());
        lose();
        break;
      }
      const bool rebinding = time >= rebind_at_;
      const outcome o = renew(rebinding || !server_ ? ipv4_broadcast : server_, rebinding ? expire_at_ : rebind_at_);
      if (o == outcome::refused) {
        log::warning("net: {}: the DHCP server takes the address back", interface_.name());
        lose();
      }
    }
  }
  stopped_.store(true);
}

result<> dhcp_client::nameservers(vector<address>& into) {
  return lease_.with([&](dhcp_lease& l) -> result<> {
    for (u32 ip : l.nameservers) TRY(into.push_back(address::from_ipv4(ip)));
    return {};
  });
}

result<> dhcp_client::search_domains(vector<string>& into) {
  return lease_.with([&](dhcp_lease& l) -> result<> {
    for (const string& d : l.search_domains) TRY(into.push_back(TRY(string::create(d))));
    return {};
  });
}

}  // namespace osv::net
