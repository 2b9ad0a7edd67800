#include "linux/event_file.hh"

namespace osv::linux_abi {

using namespace io::poll_event;

bool event_file::try_take(u64& taken) {
  u64 value = value_.load(std::memory_order_relaxed);
  while (value != 0) {
    taken = semaphore_ ? 1 : value;
    // acquire: what the writer did before it signalled is visible to the reader.
    if (value_.compare_exchange_weak(value, value - taken, std::memory_order_acquire, std::memory_order_relaxed)) return true;
  }
  return false;
}

bool event_file::try_add(u64 amount) {
  u64 value = value_.load(std::memory_order_relaxed);
  while (amount <= value_max - value)
    if (value_.compare_exchange_weak(value, value + amount, std::memory_order_release, std::memory_order_relaxed)) return true;
  return false;
}

result<usize> event_file::read(io::cursor& into) {
  u64 taken;
  if (into.remaining() < sizeof taken) return fail(errc::invalid);
  if (!try_take(taken)) {
    if (non_blocking()) return fail(errc::again);
    if (queue_.wait([&] { return try_take(taken); }) == sync::wait_result::interrupted) return fail(errc::restart);
  }
  queue_.wake(out);
  TRY(into.put(&taken, sizeof taken));
  return sizeof taken;
}

result<usize> event_file::write(io::cursor& from) {
  u64 amount;
  if (from.remaining() < sizeof amount) return fail(errc::invalid);
  if (TRY(from.take(&amount, sizeof amount)) != sizeof amount) return fail(errc::fault);
  if (amount == ~0ull) return fail(errc::invalid);
  if (!try_add(amount)) {
    if (non_blocking()) return fail(errc::again);
    if (queue_.wait([&] { return try_add(amount); }) == sync::wait_result::interrupted) return fail(errc::restart);
  }
  queue_.wake(in);
  return sizeof amount;
}

u32 event_file::poll() {
  const u64 value = value_.load(std::memory_order_relaxed);
  return (value ? in : 0) | (value < value_max ? out : 0);
}

result<> event_file::stat(io::file_status& status) {
  status.mode = 0600;
  return {};
}

}  // namespace osv::linux_abi
