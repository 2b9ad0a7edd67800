#include "linux/signal_driven_io.hh"

#include "linux/descriptor_table.hh"
#include "linux/task.hh"
#include "sched/clock.hh"
#include "sched/timer.hh"
#include "sync/mutex.hh"

namespace osv::linux_abi {

namespace {

using namespace io::poll_event;

/// Changes of every file's settings: rare.
sync::mutex changes;

struct io_signals : sync::wait_queue::entry {
  process& receiver;
  const u32 interesting;  // the poll bits that its file may be ready for
  sync::wait_queue* source = nullptr;  // of `changes`; nullptr: O_ASYNC is off
  std::atomic<io_owner> owner{io_owner{}};
  std::atomic<i32> number{0};
  std::atomic<i32> fd{-1};
  std::atomic<u32> happened{0};  // since the timer was armed
  sched::timer sender;

  io_signals(process& p, io::file& file)
      : receiver(p),
        interesting(file.as_pipe() ? (file.readable() ? in : out) : in | out),
        sender([this](sched::timer&) { send(); }) {
    wake = &io_signals::woken;
  }
  ~io_signals() { stop(); }

  void stop() {
    if (!source) return;
    source->remove(*this);
    source = nullptr;
    sender.cancel();
    happened.store(0, std::memory_order_relaxed);
  }

  /// Inside the poll queue's lock with interrupts off.
  static bool woken(sync::wait_queue::entry& self, u32 key) {
    auto& s = static_cast<io_signals&>(self);
    // The end of a stream is something to read.
    u32 bits = key & s.interesting;
    if (!bits && key & (hang_up | read_hang_up | error)) bits = s.interesting & in ? in : out;
    if (key == ~0u && bits & in) bits = in;
    if (bits && s.happened.fetch_or(bits, std::memory_order_relaxed) == 0) s.sender.arm(sched::now());
    return false;
  }

  /// In the timer interrupt.
  void send() {
    const u32 bits = happened.exchange(0, std::memory_order_relaxed);
    if (bits & in) send(signal_code::poll_in, 0x41);    // POLLIN | POLLRDNORM
    if (bits & out) send(signal_code::poll_out, 0x304);  // POLLOUT | POLLWRNORM | POLLWRBAND
  }

  void send(i32 code, i64 band) {
    const io_owner to = owner.load(std::memory_order_relaxed);
    if (to.id == 0) return;
    signal_info info;
    info.number = number.load(std::memory_order_relaxed);
    if (info.number) {
      info.code = code;
      info.io = {band, fd.load(std::memory_order_relaxed)};
      // A queue that is full is told of by the plain signal.
      if (send(to, info)) return;
    }
    info = {};
    info.number = signal::io;
    info.code = signal_code::kernel;
    (void)send(to, info);
  }

  bool send(io_owner to, const signal_info& info) {
    if (to.type != io_owner::kind::thread) return send_signal(receiver, info).error() != errc::again;
    bool sent = true;  // one that is gone hears nothing
    (void)with_task(receiver, static_cast<u32>(to.id), [&](task& t) { sent = send_signal(t, info).error() != errc::again; });
    return sent;
  }
};

io_signals* signals_of(io::file& file) { return static_cast<io_signals*>(__atomic_load_n(&file.io_signals, __ATOMIC_SEQ_CST)); }

/// `changes` is held. A file whose last descriptor was closed meanwhile is not told of it again.
void forget_if_closed(io::file& file) {
  if (file.descriptors.load(std::memory_order_seq_cst) != 0) return;
  delete signals_of(file);
  __atomic_store_n(&file.io_signals, nullptr, __ATOMIC_SEQ_CST);
}

/// The file's last descriptor was closed.
void forget(io::file& file) {
  sync::mutex_guard g(changes);
  forget_if_closed(file);
}

/// `changes` is held.
result<io_signals*> make_signals(io::file& file) {
  if (io_signals* there = signals_of(file)) return there;
  auto* made = new (std::nothrow) io_signals(current_process(), file);
  if (!made) return fail(errc::no_memory);
  forget_io_signals = &forget;
  // seq_cst: who sees that the file has some sees how they are forgotten.
  __atomic_store_n(&file.io_signals, made, __ATOMIC_SEQ_CST);
  return made;
}

}  // namespace

result<> set_io_owner(io::file& file, io_owner owner) {
  const i32 self = static_cast<i32>(current_process().id);
  if (owner.id < 0) return fail(errc::invalid);
  if (owner.type == io_owner::kind::thread) {
    if (owner.id != 0) TRY(with_task(static_cast<u32>(owner.id), [](task&) {}));
  } else if (owner.id != 0 && owner.id != self) {
    return fail(errc::no_such_process);
  }
  sync::mutex_guard g(changes);
  TRY(make_signals(file))->owner.store(owner, std::memory_order_relaxed);
  forget_if_closed(file);
  return {};
}

io_owner io_owner_of(io::file& file) {
  sync::mutex_guard g(changes);
  io_signals* there = signals_of(file);
  return there ? there->owner.load(std::memory_order_relaxed) : io_owner{};
}

result<> set_io_signal(io::file& file, u64 number) {
  if (number > signals_max) return fail(errc::invalid);
  sync::mutex_guard g(changes);
  TRY(make_signals(file))->number.store(static_cast<i32>(number), std::memory_order_relaxed);
  forget_if_closed(file);
  return {};
}

int io_signal_of(io::file& file) {
  sync::mutex_guard g(changes);
  io_signals* there = signals_of(file);
  return there ? there->number.load(std::memory_order_relaxed) : 0;
}

result<> set_signal_driven(io::file& file, int fd, bool on) {
  sync::wait_queue* queue = file.as_socket() || file.as_pipe() ? file.poll_queue() : nullptr;
  if (!queue) return fail(errc::not_terminal);
  sync::mutex_guard g(changes);
  if (on) {
    io_signals* signals = TRY(make_signals(file));
    signals->fd.store(fd, std::memory_order_relaxed);
    if (!signals->source) {
      signals->source = queue;
      queue->add(*signals);
    }
  } else if (io_signals* there = signals_of(file)) {
    there->stop();
  }
  const u32 flags = file.flags();
  file.set_flags(on ? flags | io::open_flag::async : flags & ~io::open_flag::async);
  forget_if_closed(file);
  return {};
}

}  // namespace osv::linux_abi
