// /proc/net: proc(5), and Documentation/networking/proc_net_tcp of Linux for the columns.
#include "linux/proc/proc.hh"
#include "linux/unix_names.hh"
#include "net/initialize.hh"
#include "net/stack.hh"
#include "net/tcp/connection.hh"

namespace osv::linux_abi {

namespace {

using vfs::text_sink;

result<> unix_sockets(text_sink& out) {
  out.put("Num       RefCount Protocol Flags    Type St Inode Path\n");
  visit_unix_names([&](unix_endpoint& e) {
    out.print("0000000000000000: {:08x} 00000000 {:08x} {:04x} {} {:5} ", e.reference_count(), e.listening.load() ? 0x10000u : 0u,
              static_cast<u32>(e.type), e.connected.load() ? "03" : "01", 0);
    for (u32 i = 2; i < e.name.length; ++i) {
      const char c = static_cast<char>(e.name.bytes[i]);
      if (c)
        out.put(c);
      else if (i == 2)
        out.put('@');
    }
    out.put('\n');
  });
  return {};
}

/// One socket's line, gathered under a table's lock and printed without it.
struct socket_row {
  net::endpoint local, remote;
  u32 state;
};

/// Rows are reserved before the locks are taken; what does not fit is left out.
class socket_rows : pinned {
 public:
  static constexpr usize rows_max = 8192;
  result<> reserve(usize count) { return rows_.reserve(count < rows_max ? count : rows_max); }
  void add(const net::endpoint& local, const net::endpoint& remote, u32 state) {
    if (rows_.size() < rows_.capacity()) (void)rows_.push_back({local, remote, state});
  }
  void print(text_sink& out, bool ipv6) const {
    out.put(ipv6 ? "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   "
                   "uid  timeout inode\n"
                 : "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n");
    u32 number = 0;
    for (const socket_row& row : rows_) {
      out.print("{:4}: ", number++);
      put_endpoint(out, row.local, ipv6);
      out.put(' ');
      put_endpoint(out, row.remote, ipv6);
      out.print(" {:02x} 00000000:00000000 00:00000000 00000000     0        0 0 1 0000000000000000 100 0 0 10 0\n", row.state);
    }
  }

 private:
  /// Words as they lie in memory, so the bytes of each group of four stand in reverse.
  static void put_endpoint(text_sink& out, const net::endpoint& e, bool ipv6) {
    if (ipv6)
      out.print("{:08x}{:08x}{:08x}{:08x}", static_cast<u32>(e.ip.high), e.ip.high >> 32, static_cast<u32>(e.ip.low), e.ip.low >> 32);
    else
      out.print("{:08x}", __builtin_bswap32(e.ip.ipv4()));
    out.print(":{:04x}", e.port);
  }
  vector<socket_row> rows_;
};

constexpr u32 state_listen = 10, state_unconnected = 7;  // net/tcp_states.h; UDP shows TCP_CLOSE

result<> tcp_sockets(text_sink& out, bool ipv6) {
  net::stack& stack = net::the_stack();
  u32 by_state[12] = {};
  net::tcp_connections_by_state(by_state);
  usize expected = 64;
  for (const u32 n : by_state) expected += n;
  socket_rows rows;
  TRY(rows.reserve(expected));
  const int family = ipv6 ? net::family_ipv6 : net::family_ipv4;
  stack.tcp_ports.for_each([&](net::port_holder& h) {
    if (h.listening && h.socket_family == family) rows.add(h.local_endpoint, {}, state_listen);
  });
  stack.connections.for_each([&](net::tcp::connection& c) {
    if (c.socket_family != family) return;
    rows.add({c.key.local, c.key.local_port}, {c.key.remote, c.key.remote_port}, static_cast<u32>(c.current_state()));
  });
  rows.print(out, ipv6);
  return {};
}

result<> udp_sockets(text_sink& out, bool ipv6) {
  socket_rows rows;
  TRY(rows.reserve(1024));
  const int family = ipv6 ? net::family_ipv6 : net::family_ipv4;
  net::the_stack().udp_ports.for_each([&](net::port_holder& h) {
    if (h.socket_family == family) rows.add(h.local_endpoint, h.remote_endpoint, h.remote_endpoint.port ? 1 : state_unconnected);
  });
  rows.print(out, ipv6);
  return {};
}

result<> interfaces(text_sink& out) {
  out.put("Inter-|   Receive                                                |  Transmit\n"
          " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n");
  net::stack& stack = net::the_stack();
  for (unsigned i = 0; i < stack.interface_count(); ++i) {
    net::interface& one = stack.interface_at(i);
    const auto& c = one.counters;
    const formatted<32> label("{}:", one.name());
    out.print("{:6} {:7} {:7} 0 {:4} 0 0 0 0 {:8} {:7} 0 {:4} 0 0 0 0\n", label.view(), c.received_bytes.load(), c.received_packets.load(),
              c.received_dropped.load(), c.transmitted_bytes.load(), c.transmitted_packets.load(), c.transmitted_dropped.load());
  }
  return {};
}

result<> routes(text_sink& out) {
  out.put("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n");
  constexpr usize rows_max = 256;
  vector<net::route_entry> entries;
  TRY(entries.reserve(rows_max));
  net::the_stack().routes.for_each([&](const net::route_entry& e) {
    if (e.out && !e.out->is_loopback() && entries.size() < rows_max) (void)entries.push_back(e);
  });
  constexpr u32 flag_up = 1, flag_gateway = 2;
  for (const net::route_entry& e : entries)
    out.print("{}\t{:08x}\t{:08x}\t{:04x}\t0\t0\t{}\t{:08x}\t0\t0\t0\n", e.out->name(), __builtin_bswap32(e.destination),
              __builtin_bswap32(e.gateway), flag_up | (e.gateway ? flag_gateway : 0), e.metric, __builtin_bswap32(net::ipv4_mask(e.prefix)));
  return {};
}

/// The neighbour table's content is not shown; the heading alone is what an empty table prints.
constexpr const char* arp_heading = "IP address       HW type     Flags       HW address            Mask     Device\n";

}  // namespace

result<> register_network_files() {
  vfs::generated_tree& proc = vfs::proc();
  TRY(proc.add_link("net", [](text_sink& out) -> result<> {
    out.put("self/net");
    return {};
  }));
  TRY(proc.add_file("1/net/unix", &unix_sockets));
  TRY(proc.add_file("1/net/tcp", [](text_sink& out) { return tcp_sockets(out, false); }));
  TRY(proc.add_file("1/net/tcp6", [](text_sink& out) { return tcp_sockets(out, true); }));
  TRY(proc.add_file("1/net/udp", [](text_sink& out) { return udp_sockets(out, false); }));
  TRY(proc.add_file("1/net/udp6", [](text_sink& out) { return udp_sockets(out, true); }));
  TRY(proc.add_file("1/net/dev", &interfaces));
  TRY(proc.add_file("1/net/route", &routes));
  TRY(proc.add_text("1/net/arp", arp_heading));
  TRY(proc.add_text("1/net/if_inet6", "00000000000000000000000000000001 01 80 10 80       lo\n"));
  return proc.add_text("1/net/raw", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n");
}

}  // namespace osv::linux_abi
