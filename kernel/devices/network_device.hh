// Network devices as the stack sees them.
#pragma once

#include "base/function.hh"
#include "io/packet.hh"

namespace osv::devices {

struct mac_address {
  u8 bytes[6];
};

class network_device : pinned {
 public:
  struct offloads {
    bool transmit_checksum = false;
    bool transmit_segmentation_ipv4 = false;  // TSO up to 64 KiB
    bool transmit_segmentation_ipv6 = false;
  };
  virtual ~network_device() = default;
  virtual std::string_view name() const = 0;
  virtual mac_address address() const = 0;
  virtual u16 mtu() const = 0;
  virtual offloads capabilities() const = 0;
  virtual unsigned queue_pairs() const = 0;
  /// Takes the packet (an Ethernet frame). Never sleeps: false, and the packet is dropped, when the queue is full and reclaim
  /// brings no room.
  virtual bool transmit(unique<io::packet> packet) = 0;
  /// True if a transmit would be dropped for lack of room now; has_room() is then called when it would not be any more.
  virtual bool transmit_full() = 0;

  /// True if the device has taken every frame that it was given.
  virtual bool transmitted_all() = 0;

  /// The stack's slot: called with each received frame in the device's receive context (a per-queue kernel thread or the
  /// interrupt's bottom half; never with interrupts off, may not sleep for long). Set once before start().
  inplace_function<void(unique<io::packet>)> received;
  /// Called after a batch of received() calls: the time for wake-ups and acknowledgements.
  inplace_function<void()> batch_done;
  /// Called in the same context when there is room for transmits again.
  inplace_function<void()> has_room;
  virtual result<> start() = 0;
};

void register_network_device(network_device& device);
usize network_device_count();
network_device& network_device_at(usize i);

}  // namespace osv::devices
