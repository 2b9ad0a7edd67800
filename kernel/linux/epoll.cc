#include "linux/epoll.hh"

#include "memory/user_copy.hh"

namespace osv::linux_abi {

namespace {

using namespace io::poll_event;

constexpr u32 control_bits = epoll_flag::edge_triggered | epoll_flag::one_shot | epoll_flag::exclusive | epoll_flag::wake_up;
constexpr unsigned nesting_max = 4;  // EP_MAX_NESTS of epoll_ctl(2), ELOOP

/// Lists of registrations that start in io::file::epoll_registrations.
constinit lock::spin_lock file_links{lock::rank::socket};
/// Held while an instance is added to another one, so that no loop can form.
sync::mutex nesting;

u32 present(epoll_registration& r) {
  return r.target->poll() & (r.events.load(std::memory_order_relaxed) | error | hang_up);
}
bool disabled(u32 events) { return (events & ~control_bits) == 0; }

}  // namespace

epoll_file::~epoll_file() {
  sync::mutex_guard g(registrations_mutex_);
  while (epoll_registration* r = registrations_.first()) erase(*r);
}

bool epoll_file::link_ready(epoll_registration& r) {
  lock::guard g(ready_lock_);
  if (r.in_ready.is_linked()) return false;
  ready_.push_back(r);
  ready_count_.fetch_add(1, std::memory_order_seq_cst);
  return true;
}

epoll_registration* epoll_file::pop_ready() {
  lock::guard g(ready_lock_);
  epoll_registration* r = ready_.pop_front();
  if (r) ready_count_.fetch_sub(1, std::memory_order_relaxed);
  return r;
}

/// Runs inside the poll queue's lock with interrupts off.
bool epoll_file::woken(sync::wait_queue::entry& self, u32 key) {
  auto& r = static_cast<epoll_registration&>(self);
  const u32 events = r.events.load(std::memory_order_relaxed);
  if (disabled(events) || !(key & (events | error | hang_up))) return false;
  epoll_file& owner = *r.owner;
  const bool waited_for = owner.queue_.has_waiters();
  owner.link_ready(r);
  owner.queue_.wake(in, 1);
  // An exclusive wake-up is used up only where somebody waits for it (epoll_ctl(2), EPOLLEXCLUSIVE).
  return !r.exclusive || waited_for;
}

void epoll_file::announce(epoll_registration& r) {
  if (!disabled(r.events.load(std::memory_order_relaxed)) && present(r) && link_ready(r)) queue_.wake(in, 1);
}

epoll_registration* epoll_file::find(const io::file& target, int fd) {
  epoll_registration* r = registrations_.find_first([&](const epoll_registration& other) {
    return other.target.get() != &target ? other.target.get() > &target : other.fd >= fd;
  });
  return r && r->target.get() == &target && r->fd == fd ? r : nullptr;
}

void epoll_file::insert(epoll_registration& r) {
  registrations_.insert(r);
  {
    lock::guard g(file_links);
    r.next_of_file = static_cast<epoll_registration*>(r.target->epoll_registrations);
    __atomic_store_n(&r.target->epoll_registrations, &r, __ATOMIC_SEQ_CST);
  }
  r.source->add(r);
}

void epoll_file::erase(epoll_registration& r) {
  r.source->remove(r);  // no callback after this
  {
    lock::guard g(ready_lock_);
    if (r.in_ready.is_linked()) {
      r.in_ready.unlink();
      ready_count_.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  {
    lock::guard g(file_links);
    void** link = &r.target->epoll_registrations;
    while (*link != &r) link = reinterpret_cast<void**>(&static_cast<epoll_registration*>(*link)->next_of_file);
    *link = r.next_of_file;
  }
  registrations_.erase(r);
  delete &r;
}

/// True if `searched` is this instance or is registered below it, or if there are more than `levels` levels below.
bool epoll_file::reaches(const epoll_file& searched, unsigned levels) {
  if (this == &searched) return true;
  sync::mutex_guard g(registrations_mutex_);
  for (epoll_registration* r = registrations_.first(); r; r = registrations_.next(*r)) {
    auto* inner = io::downcast<epoll_file>(*r->target);
    if (inner && (levels == 0 || inner->reaches(searched, levels - 1))) return true;
  }
  return false;
}

result<> epoll_file::add(ref<io::file> target, int fd, const epoll_event& event) {
  sync::wait_queue* source = target->poll_queue();
  if (!source) return fail(errc::not_permitted);
  auto* inner = io::downcast<epoll_file>(*target);
  if (inner == this) return fail(errc::invalid);
  const bool is_exclusive = event.events & epoll_flag::exclusive;
  if (is_exclusive && (inner || (event.events & epoll_flag::one_shot))) return fail(errc::invalid);
  if (inner) nesting.lock();
  result<> outcome;
  if (inner && inner->reaches(*this, nesting_max - 1)) outcome = fail(errc::symlink_loop);
  if (outcome.ok()) {
    sync::mutex_guard g(registrations_mutex_);
    if (find(*target, fd)) {
      outcome = fail(errc::exists);
    } else if (auto* r = new (std::nothrow) epoll_registration{}; !r) {
      outcome = fail(errc::no_memory);
    } else {
      r->wake = woken;
      r->exclusive = is_exclusive;
      r->owner = this;
      r->target = target;
      r->source = source;
      r->fd = fd;
      r->events.store(event.events, std::memory_order_relaxed);
      r->data = event.data;
      insert(*r);
      announce(*r);
    }
  }
  if (inner) nesting.unlock();
  TRY(std::move(outcome));
  // The last descriptor may have been closed meanwhile, before the registration could be found.
  if (target->descriptors.load(std::memory_order_seq_cst) == 0) forget(*target);
  return {};
}

result<> epoll_file::modify(io::file& target, int fd, const epoll_event& event) {
  if (event.events & epoll_flag::exclusive) return fail(errc::invalid);
  sync::mutex_guard g(registrations_mutex_);
  epoll_registration* r = find(target, fd);
  if (!r) return fail(errc::no_entry);
  if (r->exclusive) return fail(errc::invalid);
  r->data = event.data;
  // seq_cst pairs with the fence in wait_queue::wake(): either the waker sees the new mask, or announce() sees readiness.
  r->events.store(event.events, std::memory_order_seq_cst);
  announce(*r);
  return {};
}

result<> epoll_file::remove(io::file& target, int fd) {
  sync::mutex_guard g(registrations_mutex_);
  epoll_registration* r = find(target, fd);
  if (!r) return fail(errc::no_entry);
  erase(*r);
  return {};
}

void epoll_file::forget(io::file& target) {
  sync::mutex_guard g(registrations_mutex_);
  epoll_registration* r = registrations_.find_first(
      [&](const epoll_registration& other) { return other.target.get() >= &target; });
  while (r && r->target.get() == &target) {
    epoll_registration* following = registrations_.next(*r);
    erase(*r);
    r = following;
  }
}

result<usize> epoll_file::collect(epoll_event* events, usize capacity) {
  usize found = 0;
  sync::mutex_guard g(registrations_mutex_);
  // A registration is unlinked before its file is asked: what happens after the question links it again. Level-triggered
  // ones go back to the end, so the number at the start bounds the loop.
  for (u32 left = ready_count_.load(std::memory_order_acquire); left && found < capacity; --left) {
    epoll_registration* r = pop_ready();
    if (!r) break;
    const u32 mask = r->events.load(std::memory_order_relaxed);
    const u32 now_ready = disabled(mask) ? 0 : present(*r);
    if (!now_ready) continue;
    const epoll_event event{now_ready, r->data};
    if (auto written = memory::write_program(events + found, event); !written.ok()) {
      link_ready(*r);
      if (found) break;
      return fail(written.error());
    }
    ++found;
    if (mask & epoll_flag::one_shot)
      r->events.store(mask & control_bits, std::memory_order_relaxed);
    else if (!(mask & epoll_flag::edge_triggered))
      link_ready(*r);
  }
  return found;
}

result<usize> epoll_file::wait(epoll_event* events, usize capacity, nanoseconds deadline) {
  const auto some = [this] { return ready_count_.load(std::memory_order_relaxed) != 0; };
  for (;;) {
    if (some()) {
      const usize found = TRY(collect(events, capacity));
      if (found) {
        if (some()) queue_.wake(in, 1);
        return found;
      }
    }
    if (deadline == 0) return usize{0};
    const auto outcome = queue_.wait(some, deadline, true, true);
    if (outcome == sync::wait_result::timed_out) return usize{0};
    if (outcome == sync::wait_result::interrupted) return fail(errc::interrupted);
  }
}

u32 epoll_file::poll() {
  sync::mutex_guard g(registrations_mutex_);
  // Drops what is ready no more from the list, so that an outer instance is not told of nothing.
  for (u32 left = ready_count_.load(std::memory_order_acquire); left; --left) {
    epoll_registration* r = pop_ready();
    if (!r) break;
    if (disabled(r->events.load(std::memory_order_relaxed)) || !present(*r)) continue;
    link_ready(*r);
    return in;
  }
  return 0;
}

result<> epoll_file::stat(io::file_status& status) {
  status.mode = 0600;
  return {};
}

void epoll_file::visit(function_ref<void(int, u32, u64)> visitor) {
  sync::mutex_guard g(registrations_mutex_);
  for (epoll_registration* r = registrations_.first(); r; r = registrations_.next(*r))
    visitor(r->fd, r->events.load(std::memory_order_relaxed), r->data);
}

void epoll_forget_slow(io::file& file) {
  for (;;) {
    ref<epoll_file> owner;
    {
      lock::guard g(file_links);
      auto* r = static_cast<epoll_registration*>(file.epoll_registrations);
      // An instance that nobody holds any more is being destroyed and drops its registrations itself.
      while (r && !r->owner->try_retain()) r = r->next_of_file;
      if (!r) return;
      owner = ref<epoll_file>::adopt(r->owner);
    }
    owner->forget(file);
  }
}

}  // namespace osv::linux_abi
