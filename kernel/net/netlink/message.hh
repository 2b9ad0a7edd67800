// Netlink messages (netlink(7), rtnetlink(7)): layouts, and a writer that fills packets.
#pragma once

#include "io/packet.hh"

namespace osv::net::netlink {

struct message_header {  // struct nlmsghdr
  u32 length;
  u16 type;
  u16 flags;
  u32 sequence;
  u32 port;
};
struct attribute_header {  // struct rtattr
  u16 length;
  u16 type;
};
struct link_message {  // struct ifinfomsg
  u8 family, padding;
  u16 type;
  i32 index;
  u32 flags, change;
};
struct address_message {  // struct ifaddrmsg
  u8 family, prefix, flags, scope;
  u32 index;
};
struct route_message {  // struct rtmsg
  u8 family, destination_length, source_length, type_of_service, table, protocol, scope, type;
  u32 flags;
};

constexpr u16 type_error = 2, type_done = 3, new_link = 16, get_link = 18, new_address = 20, get_address = 22, new_route = 24, get_route = 26;
constexpr u16 flag_request = 1, flag_multi = 2, flag_acknowledge = 4, flag_dump = 0x300;

/// Appends messages to a list of packets; a message never spans two.
class writer : pinned {
 public:
  writer(io::packet_list& into, u32 sequence, u32 port) : packets_(into), sequence_(sequence), port_(port) {}

  /// Starts a message with its fixed part. ENOBUFS, ENOMEM.
  template <typename T>
  result<> begin(u16 type, u16 flags, const T& fixed) {
    TRY(make_room());
    start_ = packet_->append(sizeof(message_header));
    const message_header h{0, type, flags, sequence_, port_};
    __builtin_memcpy(start_, &h, sizeof h);
    put(&fixed, sizeof fixed);
    return {};
  }
  void attribute(u16 type, const void* data, usize size) {
    const attribute_header h{static_cast<u16>(sizeof h + size), type};
    put(&h, sizeof h);
    put(data, size);
  }
  template <typename T>
  void attribute(u16 type, const T& value) {
    attribute(type, &value, sizeof value);
  }
  void end() {
    const u32 length = static_cast<u32>(packet_->data() + packet_->linear() - start_);
    __builtin_memcpy(start_, &length, sizeof length);
  }

 private:
  static constexpr usize message_max = 512;
  result<> make_room() {
    if (packet_ && packet_->tailroom() >= message_max) return {};
    packet_ = TRY(io::packet::create()).release();
    packets_.push_back(*packet_);
    return {};
  }
  void put(const void* data, usize size) {
    u8* at = packet_->append(align_up(size, 4));
    __builtin_memset(at, 0, align_up(size, 4));
    __builtin_memcpy(at, data, size);
  }

  io::packet_list& packets_;
  io::packet* packet_ = nullptr;
  u8* start_ = nullptr;
  const u32 sequence_, port_;
};

}  // namespace osv::net::netlink
