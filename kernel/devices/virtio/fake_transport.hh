// A virtio device for tests: a thread of the host plays the device; what it does with a buffer is the test's function.
#pragma once

#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "devices/virtio/device.hh"
#include "devices/virtio/fake_ring_device.hh"

// Devices live for ever, in the kernel as in tests: what is still allocated at the end is no leak.
extern "C" inline __attribute__((used)) const char* __asan_default_options() { return "detect_leaks=0"; }

namespace osv::devices::virtio::test {

/// What a test holds on to; the transport itself belongs to the driver, which lives for ever.
class fake_device {
 public:
  using chain = fake_ring_device::chain;
  /// Answers a buffer of `queue`: bytes written, or nothing to keep it (give it back later with use()).
  using behaviour = std::function<std::optional<u32>(u16 queue, chain& c)>;

  fake_device(device_type type, u64 features, std::vector<u8> configuration, u16 queues, behaviour b)
      : type(type), features(features | feature::version_1 | feature::event_index), configuration(std::move(configuration)), queues_(queues), behaviour_(std::move(b)) {
    worker_ = std::thread([this] { work(); });
  }
  ~fake_device() {
    stop_ = true;
    worker_.join();
  }

  unique<transport> make_transport();

  /// Runs `f` as the device, with its thread standing still.
  template <typename F>
  auto as_device(F&& f) {
    std::lock_guard guard(mutex_);
    return f(*this);
  }
  fake_ring_device& ring(u16 queue) { return *rings_.at(queue).device; }
  bool has_ring(u16 queue) { return rings_.count(queue) != 0; }
  void use(u16 queue, const chain& c, u32 written) {
    ring(queue).use(c.head, written);
    interrupt(queue);
  }
  void interrupt(u16 queue) {
    const u16 source = rings_.at(queue).interrupt;
    if (source != transport::no_interrupt) handlers_.at(source)();
  }
  static void copy_in(const chain& c, usize offset, const void* data, usize size) {
    const u8* from = static_cast<const u8*>(data);
    for (const segment& s : c.writable) {
      if (offset >= s.length) {
        offset -= s.length;
        continue;
      }
      const usize n = std::min<usize>(size, s.length - offset);
      memcpy(reinterpret_cast<u8*>(s.address) + offset, from, n);
      from += n;
      size -= n;
      offset = 0;
      if (!size) return;
    }
  }
  static std::vector<u8> copy_out(const chain& c) {
    std::vector<u8> bytes;
    for (const segment& s : c.readable) bytes.insert(bytes.end(), reinterpret_cast<u8*>(s.address), reinterpret_cast<u8*>(s.address) + s.length);
    return bytes;
  }

  const device_type type;
  const u64 features;
  std::vector<u8> configuration;
  std::atomic<u8> status{0};
  std::atomic<u64> driver_features{0};
  bool refuse_features = false;

 private:
  friend class fake_transport;
  struct ring_state {
    std::unique_ptr<fake_ring_device> device;
    u16 interrupt;
    u16 size;
    bool stopped = false;
  };

  void work() {
    while (!stop_) {
      {
        std::lock_guard guard(mutex_);
        if (status & status::driver_ok)
          for (auto& [index, state] : rings_) {
            bool used = false;
            while (state.device->has_next()) {
              chain c = state.device->next();
              if (const auto written = behaviour_(index, c)) {
                state.device->use(c.head, *written);
                used = true;
              }
            }
            state.device->set_available_event(state.device->seen());
            if (used) interrupt(index);
          }
      }
      std::this_thread::yield();
    }
  }

  u16 queues_;
  behaviour behaviour_;
  std::recursive_mutex mutex_;
  std::map<u16, ring_state> rings_;
  std::vector<arch::interrupt_handler> handlers_;
  std::atomic<bool> stop_{false};
  std::thread worker_;
};

class fake_transport final : public transport {
 public:
  explicit fake_transport(fake_device& d) : device_(d) { type_ = d.type; }
  std::string_view place() const override { return "fake"; }
  u64 device_features() override { return device_.features; }
  void set_driver_features(u64 features) override { device_.driver_features = features; }
  u8 get_status() override { return device_.status; }
  void set_status(u8 value) override {
    if (device_.refuse_features) value &= static_cast<u8>(~status::features_ok);
    device_.status = value;
  }
  result<u16> attach_interrupt(unsigned, arch::interrupt_handler handler) override {
    std::lock_guard guard(device_.mutex_);
    device_.handlers_.push_back(handler);
    return static_cast<u16>(device_.handlers_.size() - 1);
  }
  u16 queue_size(u16 queue) override { return queue < device_.queues_ ? 64 : 0; }
  result<doorbell> enable_queue(u16 queue, u16 size, const queue_addresses& addresses, u16 interrupt) override {
    std::lock_guard guard(device_.mutex_);
    device_.rings_[queue] = {std::make_unique<fake_ring_device>(reinterpret_cast<u8*>(addresses.descriptors), size), interrupt, size};
    return doorbell{&bell_, queue, true};
  }

 protected:
  u32 configuration_generation() override { return 0; }
  u8 configuration_byte(u32 offset) override { return offset < device_.configuration.size() ? device_.configuration[offset] : u8{0}; }
  u32 configuration_word(u32 offset) override {
    u32 word = 0;
    for (u32 i = 0; i < 4; ++i) word |= static_cast<u32>(configuration_byte(offset + i)) << 8 * i;
    return word;
  }

 private:
  fake_device& device_;
  u32 bell_ = 0;
};

inline unique<transport> fake_device::make_transport() { return unique<transport>(new fake_transport(*this)); }

}  // namespace osv::devices::virtio::test
