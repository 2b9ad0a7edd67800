// For the hosted tests of this folder: a process without an address space, and files to put into its table.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

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

template <typename T>
errc error_of(const result<T>& r) {
  return r.ok() ? errc::ok : r.error();
}

inline std::string read_some(io::file& file, usize size) {
  std::string text(size, 0);
  io::cursor into(text.data(), size);
  auto n = file.read(into);
  if (!n.ok()) return "error " + std::to_string(static_cast<int>(n.error()));
  text.resize(n.value());
  return text;
}
inline result<usize> write_text(io::file& file, std::string_view text) {
  io::cursor from(text.data(), text.size());
  return file.write(from);
}

}  // namespace test
}  // namespace osv::linux_abi
