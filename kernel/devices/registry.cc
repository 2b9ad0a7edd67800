// Network devices and console ports that drivers found.
#include <atomic>

#include "devices/console_port.hh"
#include "devices/network_device.hh"

namespace osv::devices {
namespace {

// Entries are only added; readers need no lock.
template <typename T, usize Capacity>
class registry {
 public:
  void add(T& item) {
    const usize i = count_.fetch_add(1, std::memory_order_relaxed);
    if (i < Capacity) items_[i].store(&item, std::memory_order_release);
  }
  usize count() const {
    const usize n = count_.load(std::memory_order_relaxed);
    return n < Capacity ? n : Capacity;
  }
  /// Null while another CPU is just adding it.
  T* at(usize i) const { return items_[i].load(std::memory_order_acquire); }

 private:
  std::atomic<T*> items_[Capacity]{};
  std::atomic<usize> count_{0};
};

constinit registry<network_device, 16> networks;
constinit registry<console_port, 64> ports;

}  // namespace

void register_network_device(network_device& device) { networks.add(device); }
usize network_device_count() { return networks.count(); }
network_device& network_device_at(usize i) { return *networks.at(i); }

void register_console_port(console_port& port) { ports.add(port); }
console_port* find_console_port(std::string_view name) {
  for (usize i = 0; i < ports.count(); ++i)
    if (console_port* port = ports.at(i); port && port->name() == name) return port;
  return nullptr;
}

}  // namespace osv::devices
