// For the hosted tests of this folder: a process without an address space, and files to put into its table.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "io/test_support.hh"
#include "linux/process.hh"

namespace osv::linux_abi {

/// The tests' only process. Its address space is never looked at.
process& current_process() {
  alignas(memory::address_space) static u8 no_space[sizeof(memory::address_space)];
  static process instance(reinterpret_cast<memory::address_space&>(no_space));
  return instance;
}
void set_default_limits(process& p) { p.files.set_limit(256); }

namespace test {

/// A file whose readiness the test sets.
class fake_file final : public io::file {
 public:
  fake_file() : io::file(io::open_flag::read_write) {}
  u32 poll() override { return ready.load(); }
  sync::wait_queue* poll_queue() override { return &queue; }
  void closed() override { ++times_closed; }
  void become(u32 events) {
    ready.store(events);
    queue.wake(events);
  }

  std::atomic<u32> ready{0};
  std::atomic<int> times_closed{0};
  sync::wait_queue queue;
};

inline ref<fake_file> make_file() { return make_ref<fake_file>().release(); }

}  // namespace test
}  // namespace osv::linux_abi
