// What boot/ tells the network stack: the `network` section of boot.json, parsed.
#pragma once

#include "base/string.hh"
#include "base/vector.hh"
#include "net/address.hh"

namespace osv::net {

struct interface_configuration {
  vector<prefixed_address> addresses;  // static addresses
  address gateway;                     // default gateway, or unspecified
  bool dhcp = false;
  u16 mtu = 0;                         // bytes; 0: the device's
};

struct configuration {
  /// In the order in which the kernel finds the devices. Devices beyond the end are left unconfigured.
  vector<interface_configuration> interfaces;
  vector<address> nameservers;
  vector<string> search_domains;
  string hostname;  // sent in DHCP requests (option 12)
  /// No network section at all: DHCP on every interface.
  bool dhcp_everywhere = false;
};

}  // namespace osv::net
