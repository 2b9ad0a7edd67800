#include <chrono>
#include <cstdio>
#include <vector>

#include "hosted/scheduler.hh"
#include "hosted/test_controls.hh"
#include "sched/clock.hh"

namespace osv::hosted {

scheduler& the_scheduler() {
  static scheduler* instance = new scheduler;
  return *instance;
}

namespace {

[[noreturn]] void report_deadlock() {
  std::fprintf(stderr, "virtual time: every thread waits for ever and no timer is armed:");
  for (sched::thread* t : the_scheduler().parked) std::fprintf(stderr, " \"%s\"", t->name.c_str());
  std::fprintf(stderr, "\n");
  panic("deadlock in virtual time");
}

sched::thread* first_parked_with_deadline() {
  sched::thread* first = nullptr;
  for (sched::thread* t : the_scheduler().parked)
    if (t->parked_until != never && (!first || t->parked_until < first->parked_until)) first = t;
  return first;
}

/// Calls the timers that are due (the lock is dropped around each) and makes the threads runnable whose deadline came.
void do_what_is_due(std::unique_lock<std::mutex>& held) {
  scheduler& s = the_scheduler();
  while (sched::timer* due = s.timers.take_due(s.virtual_now)) {
    held.unlock();
    sched::timer_queue::call(*due);
    held.lock();
  }
  for (sched::thread* t; (t = first_parked_with_deadline()) && t->parked_until <= s.virtual_now;) {
    s.parked.erase(t);
    s.runnable.push_back(t);
  }
}

}  // namespace

nanoseconds next_event() {
  sched::timer* timer = the_scheduler().timers.first();
  sched::thread* parked = first_parked_with_deadline();
  return std::min(timer ? timer->deadline() : never, parked ? parked->parked_until : never);
}

void dispatch(std::unique_lock<std::mutex>& held, sched::thread* self) {
  scheduler& s = the_scheduler();
  for (;;) {
    do_what_is_due(held);
    if (!s.runnable.empty()) break;
    const nanoseconds next = next_event();
    if (next == never) report_deadlock();
    s.virtual_now = std::max(s.virtual_now, next);
  }
  s.running = s.runnable.front();
  s.runnable.pop_front();
  if (s.running == self) return;
  s.running->woken.notify_all();
  if (self) self->woken.wait(held, [&] { return s.running == self; });
}

void interrupt(sched::thread& t, bool wanted) {
  {
    std::unique_lock held(the_scheduler().mutex);
    t.interrupted = wanted;
  }
  if (wanted) sched::unpark(t);
}

}  // namespace osv::hosted

namespace osv::sched {

using hosted::dispatch;
using hosted::the_scheduler;

namespace {

thread_local thread* current_thread = nullptr;

bool park_in_virtual_time(std::unique_lock<std::mutex>& held, thread& self, nanoseconds deadline) {
  auto& s = the_scheduler();
  if (!self.permit) {
    self.parked = true;
    self.parked_until = deadline;
    s.parked.insert(&self);
    dispatch(held, &self);
    s.parked.erase(&self);
    self.parked = false;
  }
  return std::exchange(self.permit, false);
}

void run_thread(thread* self, inplace_function<void(), 64> body) {
  auto& s = the_scheduler();
  current_thread = self;
  if (self->in_virtual_time) {
    std::unique_lock held(s.mutex);
    self->woken.wait(held, [&] { return s.running == self; });
  }
  body();
  if (self->in_virtual_time) {
    std::unique_lock held(s.mutex);
    dispatch(held, nullptr);
  }
  self->release();
}

}  // namespace

thread& current() {
  if (!current_thread) {
    // One for each thread that a test made itself. Never freed, as a late wake-up may still name it; kept in sight of the
    // leak checker.
    static auto* kept = new std::vector<thread*>;
    current_thread = new thread;
    current_thread->name = "test";
    std::unique_lock held(the_scheduler().mutex);
    kept->push_back(current_thread);
  }
  return *current_thread;
}

bool park(nanoseconds deadline) {
  thread& self = current();
  std::unique_lock held(the_scheduler().mutex);
  if (self.in_virtual_time) return park_in_virtual_time(held, self, deadline);
  const auto permitted = [&] { return self.permit; };
  if (deadline == never)
    self.woken.wait(held, permitted);
  else
    self.woken.wait_for(held, std::chrono::nanoseconds(deadline - hosted::host_now()), permitted);
  return std::exchange(self.permit, false);
}

void unpark(thread& t) {
  auto& s = the_scheduler();
  std::unique_lock held(s.mutex);
  t.permit = true;
  if (!t.in_virtual_time) {
    t.woken.notify_all();
  } else if (s.parked.erase(&t)) {
    s.runnable.push_back(&t);
  }
}

void yield() {
  thread& self = current();
  if (!self.in_virtual_time) return std::this_thread::yield();
  auto& s = the_scheduler();
  std::unique_lock held(s.mutex);
  // Time passes while threads poll, else a loop around yield() would never see a timer fire.
  if (s.runnable.empty()) s.virtual_now += microsecond;
  s.runnable.push_back(&self);
  dispatch(held, &self);
}

bool sleep_until(nanoseconds deadline) {
  while (now() < deadline) {
    if (interrupted(current())) return false;
    park(deadline);
  }
  return true;
}

result<ref<thread>> spawn(std::string_view name, inplace_function<void(), 64> body) {
  thread* t = TRY(make_ref<thread>()).leak();
  t->name = name;
  t->retain();  // one reference for the running thread, one for the caller
  t->in_virtual_time = current().in_virtual_time;
  if (t->in_virtual_time) {
    std::unique_lock held(the_scheduler().mutex);
    the_scheduler().runnable.push_back(t);
  }
  std::thread(run_thread, t, body).detach();
  return ref<thread>::adopt(t);
}

bool interrupted(const thread& t) {
  std::unique_lock held(the_scheduler().mutex);
  return t.interrupted;
}

void retain(const thread& t) { t.retain(); }
void release(const thread& t) { t.release(); }

}  // namespace osv::sched
