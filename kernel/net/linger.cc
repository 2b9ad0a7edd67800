#include "net/linger.hh"

#include "net/tcp/connection.hh"

namespace osv::net {

namespace {

void close_listeners(stack& s) {
  for (;;) {
    port_holder* found = nullptr;
    s.tcp_ports.for_each([&](port_holder& h) {
      if (!found && h.listening && h.try_retain_holder()) found = &h;
    });
    if (!found) return;
    const auto listener = ref<tcp::connection>::adopt(static_cast<tcp::connection*>(found));
    tcp::owner o(*listener);
    listener->close();
  }
}

void close_connections(stack& s) {
  // What is not accepted yet is reset when its handshake ends: its listener is closed.
  const auto is_open = [](const tcp::connection& c) { return c.is_attached() && c.current_state() != tcp::state::syn_received; };
  u32 bucket = 0;
  while (ref<tcp::connection> c = s.connections.find_from(bucket, is_open)) {
    tcp::owner o(*c);
    c->close();
  }
}

const auto is_delivering = [](const tcp::connection& c) {
  using tcp::state;
  const state s = c.current_state();
  return s == state::fin_wait_1 || s == state::closing || s == state::last_ack;
};

/// Changes when one of the peers has said something.
u64 words_heard(stack& s) {
  u64 heard = 0;
  s.connections.for_each([&](tcp::connection& c) { heard += is_delivering(c) ? 1 + c.segments_in : 0; });
  return heard;
}

void wait_for_peers(stack& s) {
  constexpr nanoseconds look_interval = 100 * millisecond;
  const nanoseconds end = now() + linger_max;
  nanoseconds give_up = now() + linger_silence;
  u64 heard = words_heard(s);
  u32 bucket = 0;
  while (ref<tcp::connection> c = s.connections.find_from(bucket, is_delivering)) {
    const auto waited = c->waiters.wait([&] { return !is_delivering(*c); }, now() + look_interval, false);
    if (waited == sync::wait_result::ready) continue;
    if (const u64 heard_now = words_heard(s); heard_now != heard) {
      heard = heard_now;
      give_up = now() + linger_silence;
    }
    if (now() >= give_up || now() >= end) return;
  }
}

void wait_for_neighbours(stack& s) {
  constexpr nanoseconds look_interval = 50 * microsecond;  // the device does not say when it is done
  const nanoseconds end = now() + linger_on_link;
  for (unsigned i = 1; i < s.interface_count(); ++i) {
    interface& nic = s.interface_at(i);
    (void)nic.neighbours().settle(end);
    while (!nic.device()->transmitted_all() && now() < end) sched::park(now() + look_interval);
  }
}

}  // namespace

undelivered linger(stack& s) {
  close_listeners(s);
  close_connections(s);
  wait_for_peers(s);
  wait_for_neighbours(s);
  undelivered left;
  s.connections.for_each([&](tcp::connection& c) {
    if (!is_delivering(c)) return;
    ++left.connections;
    left.bytes += c.unacknowledged_bytes();
  });
  return left;
}

}  // namespace osv::net
