#include "linux/signal_file.hh"

#include "linux/task.hh"

namespace osv::linux_abi {

namespace {

/// struct signalfd_siginfo.
struct signal_record {
  u32 number;
  i32 error, code;
  u32 process, user;
  i32 fd;
  u32 timer, band, overrun, trap;
  i32 status, value_integer;
  u64 value_pointer, user_time, system_time, address;
  u8 padding[48];
};
static_assert(sizeof(signal_record) == 128);

signal_record convert(const signal_info& info) {
  signal_record r{};
  r.number = static_cast<u32>(info.number);
  r.error = info.error;
  r.code = info.code;
  if (info.code == signal_code::timer) {
    r.timer = static_cast<u32>(info.timer.timer);
    r.overrun = static_cast<u32>(info.timer.overrun);
    r.value_pointer = info.timer.value;
  } else if (info.code > 0 && info.code != signal_code::kernel) {
    r.address = info.fault.address;
  } else {
    r.process = static_cast<u32>(info.sender.process);
    r.user = info.sender.user;
    r.value_pointer = info.sender.value;
  }
  r.value_integer = static_cast<i32>(r.value_pointer);
  return r;
}

constexpr signal_set never_taken = bit_of(signal::kill) | bit_of(signal::stop);

}  // namespace

signal_file::signal_file(process& owner, signal_set mask, u32 flags)
    : io::file(io::open_flag::read_write | flags), owner_(owner), mask_(mask & ~never_taken) {}

void signal_file::set_mask(signal_set mask) {
  mask_.store(mask & ~never_taken);
  owner_.signals_arrived.wake(io::poll_event::in);
}

sync::wait_queue* signal_file::poll_queue() { return &owner_.signals_arrived; }

u32 signal_file::poll() {
  task& reader = current_task();
  lock::guard g(owner_.signal_lock);
  return (reader.pending.set | owner_.pending.set) & mask_.load() ? io::poll_event::in : 0;
}

result<usize> signal_file::read(io::cursor& into) {
  if (into.remaining() < sizeof(signal_record)) return fail(errc::invalid);
  task& reader = current_task();
  usize done = 0;
  while (into.remaining() >= sizeof(signal_record)) {
    signal_info info;
    if (!take_signal(reader, mask_.load(), info)) {
      if (done) return done;
      if (non_blocking()) return fail(errc::again);
      if (owner_.signals_arrived.wait([&] { return poll() != 0; }) == sync::wait_result::interrupted) return fail(errc::restart);
      continue;
    }
    const signal_record record = convert(info);
    TRY(into.put(&record, sizeof record));
    done += sizeof record;
  }
  return done;
}

result<> signal_file::stat(io::file_status& status) {
  status.mode = 0600;
  return {};
}

}  // namespace osv::linux_abi
