// DHCP messages (RFC 2131, RFC 2132; options 119 of RFC 3397, 121 of RFC 3442): building requests, reading answers whose
// options come in any order, split (RFC 3396) or in the overloaded fields.
#pragma once

#include "base/string.hh"
#include "base/vector.hh"
#include "devices/network_device.hh"
#include "net/routes.hh"

namespace osv::net {

enum class dhcp_type : u8 { none = 0, discover = 1, offer = 2, request = 3, decline = 4, acknowledge = 5, refuse = 6, release = 7 };

struct dhcp_lease {
  dhcp_type type = dhcp_type::none;
  u32 transaction = 0;
  u32 address = 0;          // host order, as all below
  u32 server = 0;           // option 54
  u8 prefix = 0;            // from the mask; 0: none given
  u32 broadcast = 0;
  u16 mtu = 0;
  u32 lease_seconds = 0, renew_seconds = 0, rebind_seconds = 0;
  vector<u32> routers;
  vector<u32> nameservers;
  vector<string> search_domains;  // option 119, else 15
  vector<route_entry> routes;     // option 121; `out` is not set
  string hostname;                // option 12
};

/// Reads an answer. EINVAL if it is not a well-formed DHCP answer to `mac`. ENOMEM.
result<> parse_dhcp(const u8* message, usize size, const devices::mac_address& mac, dhcp_lease& into);

struct dhcp_request {
  dhcp_type type = dhcp_type::discover;
  u32 transaction = 0;
  u16 seconds = 0;
  u32 client = 0;      // ciaddr: our address when renewing
  u32 wanted = 0;      // option 50
  u32 server = 0;      // option 54
  std::string_view hostname;
};
constexpr usize dhcp_message_max = 548;
/// Writes a request; returns its size.
usize build_dhcp(u8 (&into)[dhcp_message_max], const dhcp_request& request, const devices::mac_address& mac);

}  // namespace osv::net
