// netdevice(7): the SIOCGIF* requests.
#include "memory/user_copy.hh"
#include "net/socket_base.hh"

namespace osv::net {

namespace {

constexpr u32 get_name = 0x8910, get_list = 0x8912, get_flags = 0x8913, get_address = 0x8915, get_broadcast = 0x8919, get_netmask = 0x891b,
              get_metric = 0x891d, get_mtu = 0x8921, get_hardware = 0x8927, get_index = 0x8933, get_queue_length = 0x8942;
constexpr usize name_size = 16;
constexpr u16 hardware_ethernet = 1, hardware_loopback = 772;

/// struct ifreq.
struct interface_request {
  char name[name_size];
  union {
    u8 address[24];
    i32 number;
    u16 flags;
  };
};
static_assert(sizeof(interface_request) == 40);

struct interface_list {
  i32 size;
  u32 padding;
  u64 buffer;
};

void put_ipv4(u8* into, u32 ip) {
  __builtin_memset(into, 0, 24);
  into[0] = family_ipv4;
  const be32 raw(ip);
  __builtin_memcpy(into + 4, &raw, 4);
}

void put_name(char (&into)[name_size], std::string_view name) {
  __builtin_memset(into, 0, name_size);
  __builtin_memcpy(into, name.data(), name.size() < name_size - 1 ? name.size() : name_size - 1);
}

result<interface_address> first_ipv4(interface& i) {
  interface_address all[interface::addresses_max];
  const unsigned count = i.addresses(all);
  for (unsigned n = 0; n < count; ++n)
    if (all[n].ip.is_ipv4()) return all[n];
  return fail(errc::address_not_available);
}

result<i64> list(stack& s, void* at) {
  interface_list l = TRY(memory::read_program<interface_list>(at));
  i32 written = 0;
  for (unsigned i = 0; i < s.interface_count(); ++i) {
    auto a = first_ipv4(s.interface_at(i));
    if (!a.ok()) continue;
    if (l.buffer) {
      if (written + static_cast<i32>(sizeof(interface_request)) > l.size) break;
      interface_request r{};
      put_name(r.name, s.interface_at(i).name());
      put_ipv4(r.address, a.value().ip.ipv4());
      TRY(memory::write_program(reinterpret_cast<void*>(l.buffer + static_cast<u64>(written)), r));
    }
    written += static_cast<i32>(sizeof(interface_request));
  }
  l.size = written;
  TRY(memory::write_program(at, l));
  return 0;
}

}  // namespace

result<i64> interface_control(stack& s, u32 request, u64 argument) {
  void* at = reinterpret_cast<void*>(argument);
  if (request == get_list) return list(s, at);
  if ((request & 0xff00) != 0x8900) return fail(errc::not_terminal);
  interface_request r = TRY(memory::read_program<interface_request>(at));
  interface* i = nullptr;
  if (request == get_name) {
    i = s.interface_by_index(static_cast<u32>(r.number));
  } else {
    usize length = 0;
    while (length < name_size && r.name[length]) ++length;
    i = s.interface_named({r.name, length});
  }
  if (!i) return fail(errc::no_device);
  switch (request) {
    case get_name: put_name(r.name, i->name()); break;
    case get_flags: r.flags = static_cast<u16>(i->flags()); break;
    case get_address: put_ipv4(r.address, TRY(first_ipv4(*i)).ip.ipv4()); break;
    case get_broadcast: put_ipv4(r.address, TRY(first_ipv4(*i)).broadcast); break;
    case get_netmask: put_ipv4(r.address, ipv4_mask(TRY(first_ipv4(*i)).prefix)); break;
    case get_metric: r.number = 0; break;
    case get_mtu: r.number = i->is_loopback() ? 65536 : i->mtu(); break;
    case get_index: r.number = static_cast<i32>(i->index()); break;
    case get_queue_length: r.number = 1000; break;
    case get_hardware: {
      __builtin_memset(r.address, 0, sizeof r.address);
      const u16 kind = i->is_loopback() ? hardware_loopback : hardware_ethernet;
      __builtin_memcpy(r.address, &kind, 2);
      const devices::mac_address mac = i->mac();
      __builtin_memcpy(r.address + 2, mac.bytes, 6);
      break;
    }
    default: return fail(errc::invalid);
  }
  TRY(memory::write_program(at, r));
  return 0;
}

}  // namespace osv::net
