// Protocol headers as they lie on the wire.
#pragma once

#include "base/byte_order.hh"

namespace osv::net {

/// Ethernet II (IEEE 802.3 §3.2).
struct __attribute__((packed)) ethernet_header {
  u8 destination[6];
  u8 source[6];
  be16 type;
};
static_assert(sizeof(ethernet_header) == 14);
constexpr u16 ether_type_ipv4 = 0x0800, ether_type_arp = 0x0806, ether_type_ipv6 = 0x86dd;

/// ARP for Ethernet and IPv4 (RFC 826).
struct __attribute__((packed)) arp_header {
  be16 hardware_type;  // 1
  be16 protocol_type;  // 0x0800
  u8 hardware_size;    // 6
  u8 protocol_size;    // 4
  be16 operation;
  u8 sender_mac[6];
  be32 sender_ip;
  u8 target_mac[6];
  be32 target_ip;
};
static_assert(sizeof(arp_header) == 28);
constexpr u16 arp_request = 1, arp_reply = 2;

/// RFC 791 §3.1.
struct __attribute__((packed)) ipv4_header {
  u8 version_length;  // 0x45
  u8 type_of_service;
  be16 total_length;
  be16 identification;
  be16 fragment;  // flags and offset in 8-byte units
  u8 time_to_live;
  u8 protocol;
  u16 checksum;
  be32 source;
  be32 destination;
  usize length() const { return (version_length & 15u) * 4; }
};
static_assert(sizeof(ipv4_header) == 20);
constexpr u16 ipv4_dont_fragment = 0x4000, ipv4_more_fragments = 0x2000, ipv4_offset_mask = 0x1fff;
constexpr u8 protocol_icmp = 1, protocol_tcp = 6, protocol_udp = 17, protocol_icmpv6 = 58;

/// RFC 792.
struct __attribute__((packed)) icmp_header {
  u8 type;
  u8 code;
  u16 checksum;
  be32 rest;
};
static_assert(sizeof(icmp_header) == 8);
constexpr u8 icmp_echo_reply = 0, icmp_unreachable = 3, icmp_echo = 8, icmp_time_exceeded = 11, icmp_parameter_problem = 12;
constexpr u8 icmp_code_network = 0, icmp_code_host = 1, icmp_code_protocol = 2, icmp_code_port = 3, icmp_code_fragmentation_needed = 4;

/// RFC 768.
struct __attribute__((packed)) udp_header {
  be16 source_port;
  be16 destination_port;
  be16 length;
  u16 checksum;
};
static_assert(sizeof(udp_header) == 8);

/// RFC 9293 §3.1.
struct __attribute__((packed)) tcp_header {
  be16 source_port;
  be16 destination_port;
  be32 sequence;
  be32 acknowledgement;
  u8 offset;  // header length in 4-byte units, in the upper half
  u8 flags;
  be16 window;
  u16 checksum;
  be16 urgent;
  usize length() const { return static_cast<usize>(offset >> 4) * 4; }
};
static_assert(sizeof(tcp_header) == 20);
constexpr u8 tcp_fin = 1, tcp_syn = 2, tcp_rst = 4, tcp_psh = 8, tcp_ack = 16, tcp_urg = 32, tcp_ece = 64, tcp_cwr = 128;

}  // namespace osv::net
