#include "net/interface.hh"

#include "net/headers.hh"
#include "net/stack.hh"
#include "net/tcp/connection.hh"
#include "trace/count.hh"
#include "trace/points.hh"

namespace osv::net {

interface::interface(stack& s, u32 index, std::string_view name, devices::network_device* device)
    : stack_(s), index_(index), name_("{}", name), device_(device), mtu_(loopback_mtu), neighbours_(*this),
      received_(&tcp::connection::received_hook), waiting_(&tcp::connection::waiting_hook) {
  if (!device) return;
  mac_ = device->address();
  offloads_ = device->capabilities();
  mtu_.store(device->mtu(), std::memory_order_relaxed);
}

u32 interface::flags() const {
  using namespace interface_flag;
  return is_loopback() ? up | loopback | running | lower_up : up | broadcast | running | multicast | lower_up;
}

unsigned interface::addresses(interface_address (&into)[addresses_max]) {
  lock::guard g(lock_);
  for (unsigned i = 0; i < address_count_; ++i) into[i] = addresses_[i];
  return address_count_;
}

result<> interface::add_address(const interface_address& a) {
  {
    lock::guard g(lock_);
    for (unsigned i = 0; i < address_count_; ++i)
      if (addresses_[i].ip == a.ip) return fail(errc::exists);
    if (address_count_ == addresses_max) return fail(errc::no_space);
    addresses_[address_count_++] = a;
  }
  stack_.address_added(*this, a);
  return {};
}

void interface::remove_addresses() {
  interface_address old[addresses_max];
  const unsigned count = addresses(old);
  {
    lock::guard g(lock_);
    address_count_ = 0;
  }
  for (unsigned i = 0; i < count; ++i) stack_.address_removed(*this, old[i]);
}

bool interface::has_address(const address& a) {
  lock::guard g(lock_);
  for (unsigned i = 0; i < address_count_; ++i)
    if (addresses_[i].ip == a) return true;
  return false;
}

u32 interface::source_for(u32 peer) {
  lock::guard g(lock_);
  u32 first = 0;
  for (unsigned i = 0; i < address_count_; ++i) {
    if (!addresses_[i].ip.is_ipv4()) continue;
    const u32 ip = addresses_[i].ip.ipv4();
    if (!first) first = ip;
    if (((ip ^ peer) & ipv4_mask(addresses_[i].prefix)) == 0) return ip;
  }
  return first;
}

bool interface::is_broadcast(u32 ip) {
  if (ip == ipv4_broadcast) return true;
  lock::guard g(lock_);
  for (unsigned i = 0; i < address_count_; ++i)
    if (addresses_[i].broadcast && addresses_[i].broadcast == ip) return true;
  return false;
}

bool interface::joined(u32 group) {
  if (group == 0xe0000001) return true;  // all hosts (RFC 1112 §4)
  lock::guard g(lock_);
  for (const auto& entry : groups_)
    if (entry.members && entry.group == group) return true;
  return false;
}

result<> interface::join(u32 group) {
  lock::guard g(lock_);
  for (auto& entry : groups_)
    if (entry.members && entry.group == group) {
      ++entry.members;
      return {};
    }
  for (auto& entry : groups_)
    if (!entry.members) {
      entry = {group, 1};
      return {};
    }
  return fail(errc::no_buffers);
}

void interface::leave(u32 group) {
  lock::guard g(lock_);
  for (auto& entry : groups_)
    if (entry.members && entry.group == group) {
      --entry.members;
      return;
    }
}

void interface::transmit(unique<io::packet> packet, const devices::mac_address& to, u16 type) {
  auto* header = reinterpret_cast<ethernet_header*>(packet->push(sizeof(ethernet_header)));
  __builtin_memcpy(header->destination, to.bytes, 6);
  __builtin_memcpy(header->source, mac_.bytes, 6);
  header->type = type;
  if (packet->checksum_needed) packet->checksum_start += sizeof(ethernet_header);
  count_transmitted(packet->size());
  trace::count(trace::counter::network_transmitted_packets);
  trace::count(trace::counter::network_transmitted_bytes, packet->size());
  trace::point::net_transmit(packet->size());
  if (device_->transmit(std::move(packet))) return;
  counters.transmitted_dropped.fetch_add(1, std::memory_order_relaxed);
  stack_.drop(drop_reason::device_full);
}

result<> interface::start() {
  if (!device_) return {};
  device_->received = [this](unique<io::packet> p) { frame_received(std::move(p)); };
  device_->batch_done = [this] { received_.take_all([](tcp::connection& c) { c.process(); }); };
  device_->has_room = [this] { waiting_.take_all([](tcp::connection& c) { c.device_has_room(); }); };
  return device_->start();
}

void interface::frame_received(unique<io::packet> packet) {
  const usize size = packet->size();
  count_received(size);
  trace::count(trace::counter::network_received_packets);
  trace::count(trace::counter::network_received_bytes, size);
  trace::point::net_receive(size);
  packet->interface = this;
  if (packet->linear() < sizeof(ethernet_header)) return stack_.drop(drop_reason::malformed);
  const auto* header = reinterpret_cast<const ethernet_header*>(packet->data());
  const bool multicast = header->destination[0] & 1;
  if (!multicast && __builtin_memcmp(header->destination, mac_.bytes, 6) != 0) return stack_.drop(drop_reason::not_for_us);
  const u16 type = header->type;
  packet->pull(sizeof(ethernet_header));
  if (type == ether_type_ipv4) return stack_.ipv4_received(std::move(packet), *this, multicast);
  if (type == ether_type_arp) return arp_received(*packet);
  stack_.drop(drop_reason::not_for_us);
}

void interface::arp_received(io::packet& packet) {
  if (packet.linear() < sizeof(arp_header)) return stack_.drop(drop_reason::malformed);
  const auto* arp = reinterpret_cast<const arp_header*>(packet.data());
  if (arp->hardware_type != 1 || arp->protocol_type != ether_type_ipv4 || arp->hardware_size != 6 || arp->protocol_size != 4 ||
      (arp->sender_mac[0] & 1))
    return stack_.drop(drop_reason::malformed);
  neighbours_.arp_received(packet.data(), has_address(address::from_ipv4(arp->target_ip)));
}

bool interface::full(tcp::connection& c) {
  if (!device_ || !device_->transmit_full()) return false;
  waiting_.add(c);
  return device_->transmit_full();  // room may have come before it was there to hear of it
}

}  // namespace osv::net
