#include "net/address.hh"

namespace osv::net {

namespace {

struct __attribute__((packed)) sockaddr_ipv4 {
  u16 family;
  be16 port;
  be32 ip;
  u8 zero[8];
};
struct __attribute__((packed)) sockaddr_ipv6 {
  u16 family;
  be16 port;
  be32 flow_information;
  u8 ip[16];
  u32 scope;
};
static_assert(sizeof(sockaddr_ipv4) == 16 && sizeof(sockaddr_ipv6) == 28);
constexpr usize sockaddr_ipv6_length_min = 24;  // RFC 2133 programs leave the scope out

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

result<u32> parse_ipv4(std::string_view text) {
  u32 ip = 0;
  usize at = 0;
  for (int part = 0; part < 4; ++part) {
    if (part && (at >= text.size() || text[at++] != '.')) return fail(errc::invalid);
    u32 value = 0;
    usize digits = 0;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9' && digits < 4; ++at, ++digits) value = value * 10 + static_cast<u32>(text[at] - '0');
    if (digits == 0 || digits > 3 || value > 255) return fail(errc::invalid);
    ip = ip << 8 | value;
  }
  if (at != text.size()) return fail(errc::invalid);
  return ip;
}

result<address> parse_ipv6(std::string_view text) {
  u8 bytes[16] = {};
  int count = 0, gap = -1;
  usize at = 0;
  if (text.starts_with("::")) {
    gap = 0;
    at = 2;
  }
  while (at < text.size()) {
    if (count == 16) return fail(errc::invalid);
    const std::string_view rest = text.substr(at);
    if (rest.find('.') != rest.npos && rest.find(':') == rest.npos) {
      if (count > 12) return fail(errc::invalid);
      const u32 ip = TRY(parse_ipv4(rest));
      for (int i = 0; i < 4; ++i) bytes[count++] = static_cast<u8>(ip >> (24 - 8 * i));
      at = text.size();
      break;
    }
    u32 value = 0;
    usize digits = 0;
    for (; at < text.size() && digit(text[at]) >= 0 && digits < 5; ++at, ++digits) value = value << 4 | static_cast<u32>(digit(text[at]));
    if (digits == 0 || digits > 4) return fail(errc::invalid);
    bytes[count++] = static_cast<u8>(value >> 8);
    bytes[count++] = static_cast<u8>(value);
    if (at == text.size()) break;
    if (text[at++] != ':') return fail(errc::invalid);
    if (at < text.size() && text[at] == ':') {
      if (gap >= 0) return fail(errc::invalid);
      gap = count;
      ++at;
    } else if (at == text.size()) {
      return fail(errc::invalid);
    }
  }
  if (gap < 0 ? count != 16 : count == 16) return fail(errc::invalid);
  address a;
  u8 full[16] = {};
  if (gap < 0) gap = count;
  __builtin_memcpy(full, bytes, static_cast<usize>(gap));
  __builtin_memcpy(full + 16 - (count - gap), bytes + gap, static_cast<usize>(count - gap));
  __builtin_memcpy(&a, full, 16);
  return a;
}

}  // namespace

result<endpoint> from_socket_address(const io::socket_address& from, int family) {
  // Too short is found before the wrong family, as in Linux.
  if (from.length < (family == family_ipv4 ? sizeof(sockaddr_ipv4) : sockaddr_ipv6_length_min)) return fail(errc::invalid);
  if (from.family() != family) return fail(errc::address_family_not_supported);
  if (family == family_ipv4) {
    sockaddr_ipv4 raw;
    __builtin_memcpy(&raw, from.bytes, sizeof raw);
    return endpoint{address::from_ipv4(raw.ip), raw.port};
  }
  sockaddr_ipv6 raw{};
  __builtin_memcpy(&raw, from.bytes, sockaddr_ipv6_length_min);
  endpoint e;
  __builtin_memcpy(&e.ip, raw.ip, 16);
  e.port = raw.port;
  return e;
}

void to_socket_address(const endpoint& from, int family, io::socket_address& into) {
  if (family == family_ipv4) {
    sockaddr_ipv4 raw{};
    raw.family = family_ipv4;
    raw.port = from.port;
    raw.ip = from.ip.is_ipv4() ? from.ip.ipv4() : 0;
    __builtin_memcpy(into.bytes, &raw, sizeof raw);
    into.length = sizeof raw;
    return;
  }
  sockaddr_ipv6 raw{};
  raw.family = family_ipv6;
  raw.port = from.port;
  if (!from.ip.is_unspecified()) __builtin_memcpy(raw.ip, &from.ip, 16);
  __builtin_memcpy(into.bytes, &raw, sizeof raw);
  into.length = sizeof raw;
}

result<address> parse_address(std::string_view text) {
  if (text.find(':') != text.npos) return parse_ipv6(text);
  return address::from_ipv4(TRY(parse_ipv4(text)));
}

result<prefixed_address> parse_prefixed(std::string_view text) {
  const usize slash = text.find('/');
  const address ip = TRY(parse_address(text.substr(0, slash)));
  const unsigned prefix_max = ip.is_ipv4() ? 32 : 128;
  if (slash == text.npos) return prefixed_address{ip, static_cast<u8>(prefix_max)};
  const std::string_view digits = text.substr(slash + 1);
  unsigned prefix = 0;
  if (digits.empty() || digits.size() > 3) return fail(errc::invalid);
  for (char c : digits) {
    if (c < '0' || c > '9') return fail(errc::invalid);
    prefix = prefix * 10 + static_cast<unsigned>(c - '0');
  }
  if (prefix > prefix_max) return fail(errc::invalid);
  return prefixed_address{ip, static_cast<u8>(prefix)};
}

void format_address(text_writer& out, const address& a) {
  if (a.is_ipv4()) {
    const u32 ip = a.ipv4();
    format_to(out, "{}.{}.{}.{}", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
    return;
  }
  u8 bytes[16];
  __builtin_memcpy(bytes, &a, 16);
  const auto group = [&](int i) { return static_cast<u32>(bytes[2 * i] << 8 | bytes[2 * i + 1]); };
  int best = -1, best_length = 1;
  for (int i = 0; i < 8; ++i) {
    int length = 0;
    while (i + length < 8 && group(i + length) == 0) ++length;
    if (length > best_length) {
      best = i;
      best_length = length;
    }
  }
  for (int i = 0; i < 8; ++i) {
    if (i == best) {
      out.put("::");
      i += best_length - 1;
      continue;
    }
    if (i && i != best + best_length) out.put(':');
    out.put_unsigned(group(i), 16, 0, ' ');
  }
}

}  // namespace osv::net
