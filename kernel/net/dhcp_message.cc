#include "net/dhcp_message.hh"

namespace osv::net {

namespace {

struct __attribute__((packed)) bootp_header {
  u8 operation, hardware_type, hardware_length, hops;
  be32 transaction;
  be16 seconds, flags;
  be32 client, yours, server, relay;
  u8 hardware_address[16];
  u8 server_name[64];
  u8 file[128];
  be32 magic;
};
static_assert(sizeof(bootp_header) == 240);

constexpr u8 bootp_request = 1, bootp_reply = 2;
constexpr u32 magic_cookie = 0x63825363;
constexpr u16 broadcast_flag = 0x8000;

constexpr u8 pad = 0, subnet_mask = 1, router = 3, name_server = 6, host_name = 12, domain_name = 15, interface_mtu = 26, broadcast_address = 28,
             requested_address = 50, lease_time = 51, overload = 52, message_type = 53, server_identifier = 54, parameter_list = 55,
             maximum_size = 57, renewal_time = 58, rebinding_time = 59, client_identifier = 61, domain_search = 119, classless_routes = 121,
             end_of_options = 255;

constexpr usize option_size_max = 1024;

u32 read_be32(const u8* at) { return static_cast<u32>(at[0]) << 24 | static_cast<u32>(at[1]) << 16 | static_cast<u32>(at[2]) << 8 | at[3]; }

/// Joins all pieces of one option, over the three areas (RFC 3396 §7). Returns its size, 0 if absent.
class option_reader {
 public:
  option_reader(const u8* message, usize size) {
    areas_[0] = {message + sizeof(bootp_header), size - sizeof(bootp_header)};
    u8 where = 0;
    if (read(overload, &where, 1) == 1) {
      if (where & 1) areas_[1] = {message + offsetof(bootp_header, file), 128};
      if (where & 2) areas_[2] = {message + offsetof(bootp_header, server_name), 64};
    }
  }
  usize read(u8 wanted, u8* into, usize capacity) const {
    usize total = 0;
    for (const area& a : areas_) {
      for (usize at = 0; at < a.size;) {
        const u8 kind = a.data[at];
        if (kind == end_of_options) break;
        if (kind == pad) {
          ++at;
          continue;
        }
        if (at + 2 > a.size || at + 2 + a.data[at + 1] > a.size) break;
        const usize n = a.data[at + 1];
        if (kind == wanted)
          for (usize i = 0; i < n && total < capacity; ++i) into[total++] = a.data[at + 2 + i];
        at += 2 + n;
      }
    }
    return total;
  }
  u32 number(u8 wanted) const {
    u8 bytes[4];
    return read(wanted, bytes, 4) == 4 ? read_be32(bytes) : 0;
  }

 private:
  struct area {
    const u8* data = nullptr;
    usize size = 0;
  };
  area areas_[3];
};

result<> read_addresses(const u8* data, usize size, vector<u32>& into) {
  for (usize i = 0; i + 4 <= size; i += 4) TRY(into.push_back(read_be32(data + i)));
  return {};
}

/// RFC 3442: width, the significant bytes of the destination, router.
result<> read_routes(const u8* data, usize size, vector<route_entry>& into) {
  for (usize at = 0; at < size;) {
    const u8 width = data[at++];
    const usize significant = (width + 7u) / 8;
    if (width > 32 || at + significant + 4 > size) return fail(errc::invalid);
    route_entry e;
    e.prefix = width;
    for (usize i = 0; i < significant; ++i) e.destination |= static_cast<u32>(data[at + i]) << (24 - 8 * i);
    e.destination &= ipv4_mask(width);
    e.gateway = read_be32(data + at + significant);
    TRY(into.push_back(e));
    at += significant + 4;
  }
  return {};
}

/// RFC 1035 §4.1.4 names, compressed within the option (RFC 3397). Bounded: every pointer goes backwards.
result<> read_domains(const u8* data, usize size, vector<string>& into) {
  for (usize at = 0; at < size;) {
    string name;
    usize cursor = at, limit = size;
    bool jumped = false;
    for (;;) {
      if (cursor >= size) return fail(errc::invalid);
      const u8 length = data[cursor];
      if (length >= 0xc0) {
        if (cursor + 1 >= size) return fail(errc::invalid);
        const usize target = static_cast<usize>(length & 0x3f) << 8 | data[cursor + 1];
        if (!jumped) at = cursor + 2;
        jumped = true;
        if (target >= cursor || target >= limit) return fail(errc::invalid);
        limit = cursor = target;
        continue;
      }
      if (length == 0) {
        if (!jumped) at = cursor + 1;
        break;
      }
      if (length > 63 || cursor + 1 + length > size || name.size() + length > 253) return fail(errc::invalid);
      if (!name.empty()) TRY(name.push_back('.'));
      TRY(name.append({reinterpret_cast<const char*>(data + cursor + 1), length}));
      cursor += 1 + length;
    }
    if (!name.empty()) TRY(into.push_back(std::move(name)));
  }
  return {};
}

bool is_name(const u8* data, usize size) {
  for (usize i = 0; i < size; ++i) {
    const char c = static_cast<char>(data[i]);
    const bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    if (!good) return false;
  }
  return size != 0;
}

usize text_length(const u8* data, usize size) {
  while (size && data[size - 1] == 0) --size;  // some servers count the terminator
  return size;
}

}  // namespace

result<> parse_dhcp(const u8* message, usize size, const devices::mac_address& mac, dhcp_lease& into) {
  if (size < sizeof(bootp_header)) return fail(errc::invalid);
  bootp_header header;
  __builtin_memcpy(&header, message, sizeof header);
  if (header.operation != bootp_reply || header.magic != magic_cookie || header.hardware_type != 1 ||
      __builtin_memcmp(header.hardware_address, mac.bytes, 6) != 0)
    return fail(errc::invalid);
  const option_reader options(message, size);
  buffer<u8> scratch = TRY(buffer<u8>::create(option_size_max));
  u8* data = scratch.data();
  if (options.read(message_type, data, 1) != 1) return fail(errc::invalid);
  into.type = static_cast<dhcp_type>(data[0]);
  into.transaction = header.transaction;
  into.address = header.yours;
  into.server = options.number(server_identifier);
  into.lease_seconds = options.number(lease_time);
  into.renew_seconds = options.number(renewal_time);
  into.rebind_seconds = options.number(rebinding_time);
  into.broadcast = options.number(broadcast_address);
  if (const u32 mask = options.number(subnet_mask)) into.prefix = static_cast<u8>(__builtin_popcount(mask));
  if (options.read(interface_mtu, data, 2) == 2) into.mtu = static_cast<u16>(data[0] << 8 | data[1]);
  TRY(read_addresses(data, options.read(router, data, option_size_max), into.routers));
  TRY(read_addresses(data, options.read(name_server, data, option_size_max), into.nameservers));
  usize n = options.read(classless_routes, data, option_size_max);
  if (!read_routes(data, n, into.routes).ok()) into.routes.clear();
  n = options.read(domain_search, data, option_size_max);
  if (!read_domains(data, n, into.search_domains).ok()) into.search_domains.clear();
  if (into.search_domains.empty()) {
    n = text_length(data, options.read(domain_name, data, 253));
    if (is_name(data, n)) TRY(into.search_domains.push_back(TRY(string::create({reinterpret_cast<char*>(data), n}))));
  }
  n = text_length(data, options.read(host_name, data, 253));
  if (is_name(data, n)) into.hostname = TRY(string::create({reinterpret_cast<char*>(data), n}));
  return {};
}

usize build_dhcp(u8 (&into)[dhcp_message_max], const dhcp_request& request, const devices::mac_address& mac) {
  __builtin_memset(into, 0, sizeof into);
  bootp_header header{};
  header.operation = bootp_request;
  header.hardware_type = 1;
  header.hardware_length = 6;
  header.transaction = request.transaction;
  header.seconds = request.seconds;
  // We cannot take unicast before we have the address.
  header.flags = request.client ? u16{0} : broadcast_flag;
  header.client = request.client;
  __builtin_memcpy(header.hardware_address, mac.bytes, 6);
  header.magic = magic_cookie;
  __builtin_memcpy(into, &header, sizeof header);
  u8* at = into + sizeof header;
  const auto put_number = [&](u8 kind, u32 value) {
    if (!value) return;
    *at++ = kind;
    *at++ = 4;
    for (int i = 24; i >= 0; i -= 8) *at++ = static_cast<u8>(value >> i);
  };
  *at++ = message_type;
  *at++ = 1;
  *at++ = static_cast<u8>(request.type);
  *at++ = client_identifier;
  *at++ = 7;
  *at++ = 1;
  __builtin_memcpy(at, mac.bytes, 6);
  at += 6;
  put_number(requested_address, request.wanted);
  put_number(server_identifier, request.server);
  *at++ = maximum_size;
  *at++ = 2;
  *at++ = 1500 >> 8;
  *at++ = 1500 & 255;
  constexpr u8 wanted[] = {subnet_mask, classless_routes, router, name_server, host_name, domain_name, interface_mtu, broadcast_address,
                           lease_time, renewal_time, rebinding_time, domain_search};
  *at++ = parameter_list;
  *at++ = sizeof wanted;
  __builtin_memcpy(at, wanted, sizeof wanted);
  at += sizeof wanted;
  if (const usize n = request.hostname.size(); n && n <= 63) {
    *at++ = host_name;
    *at++ = static_cast<u8>(n);
    __builtin_memcpy(at, request.hostname.data(), n);
    at += n;
  }
  *at++ = end_of_options;
  const usize size = static_cast<usize>(at - into);
  return size < 300 ? 300 : size;  // RFC 1542 §2.1: old relays drop shorter ones
}

}  // namespace osv::net
