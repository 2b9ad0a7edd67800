#include "linux/inotify_file.hh"

#include "memory/user_copy.hh"

namespace osv::linux_abi {

namespace {

/// struct inotify_event; the name follows, filled up with zeroes to a multiple of this.
struct inotify_event {
  i32 watch;
  u32 events, cookie, name_length;
};
static_assert(sizeof(inotify_event) == 16);

constinit std::atomic<u32> instances{0};

}  // namespace

usize inotify_file::event::size() const {
  return sizeof(inotify_event) + (name.empty() ? 0 : align_up(name.size() + 1, sizeof(inotify_event)));
}

result<ref<io::file>> inotify_file::create(u32 flags) {
  if (instances.fetch_add(1, std::memory_order_relaxed) >= instances_max) {
    instances.fetch_sub(1, std::memory_order_relaxed);
    return fail(errc::too_many_files);
  }
  auto made = make_ref<inotify_file>(flags);
  if (!made.ok()) instances.fetch_sub(1, std::memory_order_relaxed);
  return TRY(std::move(made));
}

inotify_file::~inotify_file() {
  end_all();
  while (event* e = queue_.pop_front())
    if (e != &overflow_) delete e;
  instances.fetch_sub(1, std::memory_order_relaxed);
}

void inotify_file::push(event& e) {
  queue_.push_back(e);
  bytes_ += e.size();
  // release: a poller that sees it finds the event.
  queued_.fetch_add(1, std::memory_order_release);
}

void inotify_file::overflow() {
  if (overflow_.hook.is_linked()) return;
  overflow_.watch = -1;
  overflow_.events = vfs::watch_event::overflow;
  push(overflow_);
}

bool inotify_file::refuses(i32 number, u32 events, string_view name) {
  if (queued_.load(std::memory_order_relaxed) >= queue_max) {
    overflow();
    return true;
  }
  if (queue_.empty()) return false;
  // The cookie is not compared: nor does Linux.
  const event& last = queue_.back();
  return last.watch == number && last.events == events && events != vfs::watch_event::ignored && last.name.view() == name;
}

void inotify_file::deliver(i32 number, u32 events, u32 cookie, string_view name) {
  {
    lock::guard g(lock_);
    if (refuses(number, events, name)) return;
  }
  // Between the locks readers may take events out, and nobody puts any in.
  auto made = make_unique<event>();
  auto kept = string::create(name);
  {
    lock::guard g(lock_);
    if (!made.ok() || !kept.ok()) {
      overflow();
    } else {
      event& e = *made.value().release();
      e.watch = number;
      e.events = events;
      e.cookie = cookie;
      e.name = std::move(kept.value());
      push(e);
    }
  }
  readers_.wake(io::poll_event::in);
}

/// The first event, out of the queue; nullptr when there is none.
result<inotify_file::event*> inotify_file::take(usize room) {
  lock::guard g(lock_);
  if (queue_.empty()) return nullptr;
  event& e = queue_.front();
  if (e.size() > room) return fail(errc::invalid);
  e.hook.unlink();
  bytes_ -= e.size();
  queued_.fetch_sub(1, std::memory_order_relaxed);
  return &e;
}

result<usize> inotify_file::read(io::cursor& into) {
  usize done = 0;
  for (;;) {
    auto taken = take(into.remaining());
    if (!taken.ok()) {
      if (done) return done;
      return fail(taken.error());
    }
    event* e = taken.value();
    if (!e) {
      if (done) return done;
      if (non_blocking()) return fail(errc::again);
      if (readers_.wait([&] { return poll() != 0; }) == sync::wait_result::interrupted) return fail(errc::restart);
      continue;
    }
    const usize size = e->size();
    const inotify_event head{e->watch, e->events, e->cookie, static_cast<u32>(size - sizeof(inotify_event))};
    u8 bytes[sizeof head + align_up(vfs::name_max + 1, sizeof head)] = {};
    __builtin_memcpy(bytes, &head, sizeof head);
    __builtin_memcpy(bytes + sizeof head, e->name.c_str(), e->name.size());
    if (e != &overflow_) delete e;
    // As on Linux, an event that cannot be stored is lost.
    if (TRY(into.put(bytes, size)) != size) return fail(errc::fault);
    done += size;
  }
}

result<> inotify_file::stat(io::file_status& status) {
  status.mode = 0600;
  return {};
}

result<i64> inotify_file::control(u32 request, u64 argument) {
  constexpr u32 request_bytes_readable = 0x541b;  // FIONREAD
  if (request != request_bytes_readable) return fail(errc::not_terminal);
  i32 bytes;
  {
    lock::guard g(lock_);
    bytes = static_cast<i32>(bytes_);
  }
  TRY(memory::write_program(reinterpret_cast<void*>(argument), bytes));
  return 0;
}

}  // namespace osv::linux_abi
