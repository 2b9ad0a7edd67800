#include "linux/timer_file.hh"

namespace osv::linux_abi {

timer_file::timer_file(bool realtime, u32 flags)
    : io::file(io::open_flag::read_write | flags), realtime_(realtime), timer_([this](sched::timer&) {
        expired_.store(true, std::memory_order_release);
        queue_.wake(io::poll_event::in);
      }) {}

timer_file::setting timer_file::remaining() {
  if (next_ == 0) return {0, interval_};
  const nanoseconds now = sched::now();
  nanoseconds left = next_ - now;
  if (left <= 0) left = interval_ ? interval_ - (now - next_) % interval_ : 0;
  return {left, interval_};
}

timer_file::setting timer_file::set(setting wanted, bool absolute) {
  sync::mutex_guard g(mutex_);
  const setting old = remaining();
  timer_.cancel();
  expired_.store(false, std::memory_order_relaxed);
  interval_ = wanted.interval;
  next_ = 0;
  if (wanted.value) {
    const nanoseconds now = sched::now();
    nanoseconds at = wanted.value;
    if (!absolute)
      at = wanted.value >= never - now ? never - 1 : now + wanted.value;
    else if (realtime_)
      at = wanted.value - (sched::realtime() - now);
    next_ = at > 0 ? at : 1;
    timer_.arm(next_);
  }
  return old;
}

timer_file::setting timer_file::get() {
  sync::mutex_guard g(mutex_);
  return remaining();
}

bool timer_file::try_take(u64& expirations) {
  if (!expired_.load(std::memory_order_acquire)) return false;
  sync::mutex_guard g(mutex_);
  if (!expired_.exchange(false, std::memory_order_acquire)) return false;
  expirations = 1;
  if (interval_) {
    const nanoseconds late = sched::now() - next_;
    if (late > 0) expirations += static_cast<u64>(late / interval_);
    next_ += static_cast<nanoseconds>(expirations) * interval_;
    timer_.arm(next_);
  } else {
    next_ = 0;
  }
  return true;
}

result<usize> timer_file::read(io::cursor& into) {
  u64 expirations;
  if (into.remaining() < sizeof expirations) return fail(errc::invalid);
  if (!try_take(expirations)) {
    if (non_blocking()) return fail(errc::again);
    if (queue_.wait([&] { return try_take(expirations); }) == sync::wait_result::interrupted) return fail(errc::restart);
  }
  TRY(into.put(&expirations, sizeof expirations));
  return sizeof expirations;
}

result<> timer_file::stat(io::file_status& status) {
  status.mode = 0600;
  return {};
}

}  // namespace osv::linux_abi
