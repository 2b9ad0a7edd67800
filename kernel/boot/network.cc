#include "boot/network.hh"

#include "devices/network_device.hh"
#include "log/log.hh"
#include "net/initialize.hh"
#include "sched/clock.hh"
#include "vfs/vfs.hh"

namespace osv::boot {

namespace {

constexpr nanoseconds dhcp_wait = 5 * second;

result<> write_file(string_view path, string_view text) {
  constexpr u32 flags = io::open_flag::write_only | io::open_flag::create | io::open_flag::truncate;
  ref<io::file> file = TRY(vfs::open(vfs::lookup_base(), path, flags, 0644));
  io::cursor cursor(text.data(), text.size());
  TRY(file->write(cursor));
  return {};
}

result<> write_resolver_file() {
  net::resolver_configuration resolver;
  TRY(net::resolver(resolver));
  if (resolver.nameservers.empty()) return {};
  string text;
  for (const net::address& a : resolver.nameservers) {
    char line[64];
    text_writer out(line, sizeof line);
    net::format_address(out, a);
    TRY(text.append("nameserver "));
    TRY(text.append(out.view()));
    TRY(text.push_back('\n'));
  }
  if (!resolver.search_domains.empty()) {
    TRY(text.append("search"));
    for (const string& domain : resolver.search_domains) {
      TRY(text.push_back(' '));
      TRY(text.append(domain));
    }
    TRY(text.push_back('\n'));
  }
  (void)vfs::make_directory(vfs::lookup_base(), "/etc", 0755);
  return write_file("/etc/resolv.conf", text);
}

}  // namespace

result<> start_network(const configuration& c) {
  TRY(net::initialize(c.network));
  bool dhcp = c.network.dhcp_everywhere && devices::network_device_count() > 0;
  for (const net::interface_configuration& i : c.network.interfaces) dhcp |= i.dhcp;
  if (dhcp && !net::wait_configured(sched::now() + dhcp_wait)) log::warning("no DHCP server answered within {} s", dhcp_wait / second);
  if (!write_resolver_file().ok()) log::warning("/etc/resolv.conf cannot be written");
  return {};
}

}  // namespace osv::boot
