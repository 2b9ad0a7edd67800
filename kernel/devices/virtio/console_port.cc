#include "devices/virtio/console_port.hh"

#include <cstring>

#include "io/file.hh"
#include "log/log.hh"
#include "memory/frames.hh"
#include "sched/clock.hh"

namespace osv::devices::virtio {
namespace {

constexpr u16 ring_size = 8;

// All ports, for flush_consoles().
constexpr usize all_max = 64;
constinit std::atomic<port*> all[all_max]{};
constinit std::atomic<usize> all_count{0};

}  // namespace

result<> port::create_queues(u16 receive, u16 transmit, u64 features, u16 interrupt) {
  receive_ = TRY(virtio::queue::create(transport_, receive, ring_size, features, interrupt));
  transmit_ = TRY(virtio::queue::create(transport_, transmit, ring_size, features, interrupt));
  const usize i = all_count.fetch_add(1);
  if (i < all_max) all[i].store(this);
  return {};
}

result<> port::prepare() {
  out_[0].bytes = TRY(memory::allocate_frames())->as<u8>();
  return {};
}

// Receive buffers are given at the first look for input: ports that are only written to need none. What the host sends before
// waits on its side.
void port::fill_locked() {
  if (filled_) return;
  filled_ = true;
  for (receive_buffer& b : in_) {
    const result<memory::frame*> page = memory::allocate_frames();
    if (!page.ok()) break;
    b.bytes = page.value()->as<u8>();
    post_locked(b);
  }
  receive_->flush();
}

void port::set_name(std::string_view name) {
  lock::guard guard(lock_);
  if (name_length_) return;
  name_length_ = name.size() < sizeof name_ ? name.size() : sizeof name_;
  memcpy(name_, name.data(), name_length_);
}

void port::post_locked(receive_buffer& b) {
  b.begin = b.end = 0;
  const segment s{to_u64(memory::to_physical(b.bytes)), buffer_size};
  receive_->ring().add({}, {&s, 1}, &b);
}

// Takes what the device has used; true if something changed for readers or writers.
bool port::reap_locked() {
  bool changed = false;
  split_ring::completion c;
  while (ready_count_ < receive_buffers && receive_->ring().take(c)) {
    receive_buffer& b = *static_cast<receive_buffer*>(c.token);
    b.begin = 0;
    b.end = c.written;
    if (c.written)
      ready_[ready_count_++] = &b;
    else
      post_locked(b);
    changed = true;
  }
  while (transmit_->ring().take(c)) {
    static_cast<transmit_buffer*>(c.token)->busy = false;
    changed = true;
  }
  if (!failed_ && (receive_->ring().broken() || transmit_->ring().broken())) {
    failed_ = changed = true;
    give_up(transport_, receive_->ring().broken() ? receive_->ring().why() : transmit_->ring().why());
  }
  return changed;
}

void port::on_interrupt() {
  bool changed = false;
  {
    lock::guard guard(lock_);
    // Bounded: each round takes at least one of the few buffers.
    for (unsigned i = 0; i < 2 * (receive_buffers + transmit_buffers); ++i) {
      changed |= reap_locked();
      const bool quiet = receive_->ring().enable_interrupts();
      if (transmit_->ring().enable_interrupts() && quiet) break;
    }
  }
  if (changed) changed_.wake();
}

void port::on_host_open(bool open) {
  {
    lock::guard guard(lock_);
    // Bytes that came before the host closed lie in the queue already: they are read first.
    reap_locked();
    if (host_open_ && !open) end_of_file_ = true;
    if (open) end_of_file_ = false;
    host_open_ = open;
  }
  changed_.wake();
}

result<usize> port::read(io::cursor& into, bool wait) {
  if (into.done()) return usize{0};
  sync::mutex_guard reader(reading_);
  for (;;) {
    receive_buffer* b = nullptr;
    bool end = false;
    {
      lock::guard guard(lock_);
      fill_locked();
      reap_locked();
      if (ready_count_)
        b = ready_[0];
      else if (failed_)
        return fail(errc::io);
      else
        end = end_of_file_;
    }
    if (b) {
      // The buffer is this reader's until it is posted again: no lock while program memory is touched.
      const usize n = TRY(into.put(b->bytes + b->begin, b->end - b->begin));
      b->begin += static_cast<u32>(n);
      if (b->begin == b->end) {
        lock::guard guard(lock_);
        --ready_count_;
        for (u16 i = 0; i < ready_count_; ++i) ready_[i] = ready_[i + 1];
        post_locked(*b);
        receive_->flush();
      }
      return n;
    }
    if (end) return usize{0};
    if (!wait) return fail(errc::again);
    const auto outcome = changed_.wait([this] {
      lock::guard guard(lock_);
      reap_locked();
      return readable_locked();
    });
    if (outcome == sync::wait_result::interrupted) return fail(errc::interrupted);
  }
}

port::transmit_buffer* port::idle_buffer_locked() {
  reap_locked();
  for (transmit_buffer& b : out_) {
    if (b.busy) continue;
    if (!b.bytes) {
      const result<memory::frame*> page = memory::allocate_frames();
      if (!page.ok()) continue;
      b.bytes = page.value()->as<u8>();
    }
    return &b;
  }
  return nullptr;
}

result<usize> port::write(io::cursor& from, bool wait) {
  sync::mutex_guard writer(writing_);
  usize written = 0;
  while (!from.done()) {
    transmit_buffer* b = nullptr;
    {
      lock::guard guard(lock_);
      b = idle_buffer_locked();
      if (failed_) return written ? result<usize>(written) : fail(errc::io);
      if (b) b->busy = true;
    }
    if (!b) {
      if (!wait) break;
      const auto outcome = changed_.wait([this] {
        lock::guard guard(lock_);
        return idle_buffer_locked() != nullptr || failed_;
      });
      if (outcome == sync::wait_result::interrupted) {
        if (written) return written;
        return fail(errc::interrupted);
      }
      continue;
    }
    const result<usize> n = from.take(b->bytes, buffer_size);
    bool notify = false;
    {
      lock::guard guard(lock_);
      if (n.ok() && n.value()) {
        const segment s{to_u64(memory::to_physical(b->bytes)), static_cast<u32>(n.value())};
        transmit_->ring().add({&s, 1}, {}, b);
        notify = transmit_->publish();
      } else {
        b->busy = false;
      }
    }
    if (notify) transmit_->notify();
    if (!n.ok()) return written ? result<usize>(written) : fail(n.error());
    written += n.value();
  }
  if (written == 0 && !wait && !from.done()) return fail(errc::again);
  return written;
}

u32 port::poll() {
  lock::guard guard(lock_);
  fill_locked();
  const bool writable = idle_buffer_locked() != nullptr;
  u32 events = 0;
  if (readable_locked()) events |= io::poll_event::in;
  if (writable) events |= io::poll_event::out;
  if (end_of_file_) events |= io::poll_event::hang_up;
  if (failed_) events |= io::poll_event::error;
  return events;
}

bool port::drain(nanoseconds deadline) {
  const auto empty = [this] {
    lock::guard guard(lock_);
    reap_locked();
    return transmit_->ring().in_flight() == 0 || failed_;
  };
  return changed_.wait(empty, deadline, false) == sync::wait_result::ready;
}

void flush_consoles(nanoseconds deadline) {
  for (std::atomic<port*>& slot : all)
    if (port* p = slot.load())
      if (!p->drain(deadline)) log::warning("console: the host did not take all of port \"{}\"", p->name());
}

}  // namespace osv::devices::virtio
