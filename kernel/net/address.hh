// Internet addresses of both families in one form: 16 bytes in network order, IPv4 as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2).
#pragma once

#include <string_view>

#include "base/byte_order.hh"
#include "base/format.hh"
#include "base/result.hh"
#include "io/socket_file.hh"

namespace osv::net {

constexpr int family_unspecified = 0, family_local = 1, family_ipv4 = 2, family_ipv6 = 10, family_netlink = 16, family_packet = 17;

struct address {
  u64 high = 0;  // bytes 0–7 as they lie in memory
  u64 low = 0;   // bytes 8–15

  static constexpr u64 mapped_mark = 0xffff0000;  // bytes 8–11: 00 00 ff ff, read little-endian
  static_assert(std::endian::native == std::endian::little);

  /// From a host-order IPv4 address: 0x7f000001 is 127.0.0.1.
  static constexpr address from_ipv4(u32 host_order) {
    return {0, mapped_mark | static_cast<u64>(__builtin_bswap32(host_order)) << 32};
  }
  static constexpr address ipv6_loopback() { return {0, static_cast<u64>(1) << 56}; }

  constexpr bool is_ipv4() const { return high == 0 && static_cast<u32>(low) == mapped_mark; }
  /// Host order; meaningful only for IPv4.
  constexpr u32 ipv4() const { return __builtin_bswap32(static_cast<u32>(low >> 32)); }
  /// :: or 0.0.0.0.
  constexpr bool is_unspecified() const { return high == 0 && (low == 0 || low == mapped_mark); }
  constexpr bool is_loopback() const { return is_ipv4() ? ipv4() >> 24 == 127 : high == 0 && low == static_cast<u64>(1) << 56; }
  constexpr bool is_multicast() const { return is_ipv4() ? ipv4() >> 28 == 14 : (high & 0xff) == 0xff; }
  constexpr bool is_link_local_ipv6() const { return (high & 0xc0ff) == 0x80fe; }
  constexpr bool operator==(const address&) const = default;
};

constexpr u32 ipv4_broadcast = 0xffffffff;
constexpr u32 ipv4_loopback = 0x7f000001;

/// The IPv4 network mask of a prefix length 0–32, host order.
constexpr u32 ipv4_mask(unsigned prefix) { return prefix == 0 ? 0 : ~0u << (32 - prefix); }

struct endpoint {
  address ip;
  u16 port = 0;  // host order
  bool operator==(const endpoint&) const = default;
};

/// Identifies a connection; local side first.
struct flow {
  address local, remote;
  u16 local_port = 0, remote_port = 0;
  bool operator==(const flow&) const = default;
};

/// struct sockaddr_in / sockaddr_in6 to an endpoint. `family` is the socket's: an AF_INET6 socket takes only sockaddr_in6, an
/// AF_INET socket only sockaddr_in. EINVAL if too short, EAFNOSUPPORT for another family (connect(2), bind(2)).
result<endpoint> from_socket_address(const io::socket_address& from, int family);
/// The reverse: AF_INET6 sockets show IPv4 as ::ffff:a.b.c.d, and 0.0.0.0 as ::.
void to_socket_address(const endpoint& from, int family, io::socket_address& into);

/// Textual IPv4 or IPv6 address (RFC 4291 §2.2; no zone). EINVAL if malformed.
result<address> parse_address(std::string_view text);
/// "10.0.2.15/24" → address and prefix length (of the address's own family). EINVAL if malformed.
struct prefixed_address {
  address ip;
  u8 prefix;
};
result<prefixed_address> parse_prefixed(std::string_view text);
/// Writes dotted or colon form (RFC 5952).
void format_address(text_writer& out, const address& a);

}  // namespace osv::net
