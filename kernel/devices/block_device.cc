#include "devices/block_device.hh"

#include <atomic>

#include "arch/cpu.hh"
#include "base/vector.hh"
#include "lock/spin_lock.hh"
#include "sched/thread.hh"

namespace osv::devices {
namespace {

// Filled at boot, in the order of discovery.
constexpr usize devices_max = 64;
constinit block_device* devices[devices_max]{};
constinit std::atomic<usize> device_count{0};

// On the waiting thread's stack. The callback touches it last when it stores `gone`.
struct waiter {
  sched::thread& thread;
  std::atomic<u8> state{0};
  errc outcome = errc::ok;
  static constexpr u8 done = 1, gone = 2;
};

result<> transfer(block_device& device, block_request::operation kind, u64 sector, void* data, usize size) {
  waiter w{sched::current()};
  block_request request{.kind = kind, .sector = sector, .data = data, .size = size, .completed = [&w](block_request&, result<> outcome) {
                          w.outcome = outcome.error();
                          w.state.store(waiter::done, std::memory_order_release);
                          sched::unpark(w.thread);
                          w.state.store(waiter::gone, std::memory_order_release);
                        }};
  device.submit(request);
  while (w.state.load(std::memory_order_acquire) == 0) sched::park();
  // The callback may still be inside unpark() on another CPU.
  while (w.state.load(std::memory_order_acquire) != waiter::gone) arch::pause();
  if (w.outcome != errc::ok) return fail(w.outcome);
  return {};
}

}  // namespace

result<> block_device::read(u64 sector, void* data, usize size) { return transfer(*this, block_request::operation::read, sector, data, size); }
result<> block_device::write(u64 sector, const void* data, usize size) {
  return transfer(*this, block_request::operation::write, sector, const_cast<void*>(data), size);
}
result<> block_device::flush() { return transfer(*this, block_request::operation::flush, 0, nullptr, 0); }

void register_block_device(block_device& device) {
  const usize i = device_count.load(std::memory_order_relaxed);
  if (i == devices_max) return;
  devices[i] = &device;
  device_count.store(i + 1, std::memory_order_release);
}

block_device* find_block_device(std::string_view serial) {
  for (usize i = 0; i < block_device_count(); ++i)
    if (devices[i]->serial() == serial) return devices[i];
  return nullptr;
}

usize block_device_count() { return device_count.load(std::memory_order_acquire); }
block_device& block_device_at(usize i) { return *devices[i]; }

}  // namespace osv::devices
