// epoll(7), eventfd(2), timerfd(2), signalfd(2).
#include "linux/epoll.hh"
#include "linux/event_file.hh"
#include "linux/signal_bridge.hh"
#include "linux/signal_file.hh"
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"
#include "linux/timer_file.hh"

namespace osv::linux_abi {

namespace {

using namespace io::open_flag;

result<int> install(ref<io::file> file, u32 flags) {
  return current_process().files.install(std::move(file), flags & close_on_exec);
}

struct epoll_reference {
  held_file file;
  epoll_file* epoll;
};
result<epoll_reference> epoll_of(int fd) {
  held_file file = held_file_of(fd);
  if (!file) return fail(errc::bad_file);
  auto* epoll = io::downcast<epoll_file>(*file);
  if (!epoll) return fail(errc::invalid);
  return epoll_reference{std::move(file), epoll};
}

/// INT_MAX / sizeof(struct epoll_event): EP_MAX_EVENTS.
constexpr int events_max = INT32_MAX / static_cast<int>(sizeof(epoll_event));

result<usize> wait_until(int fd, void* events, int count, nanoseconds deadline, const void* mask, usize mask_size) {
  if (count <= 0 || count > events_max) return fail(errc::invalid);
  if (!in_program(events, static_cast<usize>(count) * sizeof(epoll_event))) return fail(errc::fault);
  const epoll_reference e = TRY(epoll_of(fd));
  TRY(apply_temporary_mask(mask, mask_size));
  return e.epoll->wait(static_cast<epoll_event*>(events), static_cast<usize>(count), deadline);
}

nanoseconds deadline_of(int timeout_ms) {
  if (timeout_ms < 0) return never;
  return timeout_ms == 0 ? 0 : deadline_after(timeout_ms * millisecond);
}

}  // namespace

result<int> sys_epoll_create1(u32 flags) {
  if (flags & ~close_on_exec) return fail(errc::invalid);
  return install(TRY(make_ref<epoll_file>()), flags);
}
result<int> sys_epoll_create(int size) {
  if (size <= 0) return fail(errc::invalid);
  return sys_epoll_create1(0);
}

result<> sys_epoll_ctl(int fd, int operation, int target_fd, const void* event_pointer) {
  constexpr int add = 1, remove = 2, modify = 3;
  epoll_event event{};
  if (operation != remove) event = TRY(memory::read_program<epoll_event>(event_pointer));
  const ref<io::file> file = TRY(file_of(fd));
  ref<io::file> target = TRY(file_of(target_fd));
  auto* epoll = io::downcast<epoll_file>(*file);
  if (!epoll || file == target) return fail(errc::invalid);
  switch (operation) {
    case add:
      return epoll->add(std::move(target), target_fd, event);
    case remove:
      return epoll->remove(*target, target_fd);
    case modify:
      return epoll->modify(*target, target_fd, event);
    default:
      return fail(errc::invalid);
  }
}

result<usize> sys_epoll_wait(int fd, void* events, int count, int timeout_ms) {
  return wait_until(fd, events, count, deadline_of(timeout_ms), nullptr, 0);
}
result<usize> sys_epoll_pwait(int fd, void* events, int count, int timeout_ms, const void* mask, usize mask_size) {
  return wait_until(fd, events, count, deadline_of(timeout_ms), mask, mask_size);
}
result<usize> sys_epoll_pwait2(int fd, void* events, int count, const linux_timespec* timeout, const void* mask, usize mask_size) {
  nanoseconds deadline = never;
  if (timeout) {
    const auto t = TRY(memory::read_program<linux_timespec>(timeout));
    if (!t.valid()) return fail(errc::invalid);
    deadline = t.total() == 0 ? 0 : deadline_after(t.total());
  }
  return wait_until(fd, events, count, deadline, mask, mask_size);
}

result<int> sys_eventfd2(u32 value, u32 flags) {
  constexpr u32 semaphore = 1;
  if (flags & ~(semaphore | non_blocking | close_on_exec)) return fail(errc::invalid);
  return install(TRY(make_ref<event_file>(value, static_cast<bool>(flags & semaphore), flags & non_blocking)), flags);
}
result<int> sys_eventfd(u32 value) { return sys_eventfd2(value, 0); }

result<int> sys_timerfd_create(int clock, u32 flags) {
  constexpr int realtime = 0, monotonic = 1, boot_time = 7, realtime_alarm = 8, boot_time_alarm = 9;
  if (flags & ~(non_blocking | close_on_exec)) return fail(errc::invalid);
  if (clock != realtime && clock != monotonic && clock != boot_time && clock != realtime_alarm && clock != boot_time_alarm)
    return fail(errc::invalid);
  const bool wall = clock == realtime || clock == realtime_alarm;
  return install(TRY(make_ref<timer_file>(wall, flags & non_blocking)), flags);
}

namespace {

/// struct itimerspec.
struct linux_itimerspec {
  linux_timespec interval, value;
};
linux_itimerspec convert(const timer_file::setting& s) {
  return {linux_timespec::of(s.interval), linux_timespec::of(s.value)};
}

result<ref<io::file>> timer_of(int fd, timer_file*& timer) {
  ref<io::file> file = TRY(file_of(fd));
  timer = io::downcast<timer_file>(*file);
  if (!timer) return fail(errc::invalid);
  return file;
}

}  // namespace

result<> sys_timerfd_settime(int fd, u32 flags, const void* wanted, void* old) {
  constexpr u32 absolute = 1, cancel_on_set = 2;
  if (flags & ~(absolute | cancel_on_set)) return fail(errc::invalid);
  const auto spec = TRY(memory::read_program<linux_itimerspec>(wanted));
  if (!spec.value.valid() || !spec.interval.valid()) return fail(errc::invalid);
  timer_file* timer;
  const ref<io::file> file = TRY(timer_of(fd, timer));
  const auto previous = timer->set({spec.value.total(), spec.interval.total()}, flags & absolute);
  if (!old) return {};
  return memory::write_program(old, convert(previous));
}

result<> sys_timerfd_gettime(int fd, void* into) {
  timer_file* timer;
  const ref<io::file> file = TRY(timer_of(fd, timer));
  return memory::write_program(into, convert(timer->get()));
}

result<int> sys_signalfd4(int fd, const void* mask_pointer, usize size, u32 flags) {
  if (flags & ~(non_blocking | close_on_exec) || size != sizeof(signal_set)) return fail(errc::invalid);
  const auto mask = TRY(memory::read_program<signal_set>(mask_pointer));
  if (fd == -1) return install(TRY(make_ref<signal_file>(current_process(), mask, flags & non_blocking)), flags);
  const ref<io::file> file = TRY(file_of(fd));
  auto* signals = io::downcast<signal_file>(*file);
  if (!signals) return fail(errc::invalid);
  signals->set_mask(mask);
  return fd;
}
result<int> sys_signalfd(int fd, const void* mask, usize size) { return sys_signalfd4(fd, mask, size, 0); }

}  // namespace osv::linux_abi
