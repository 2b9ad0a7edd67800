// poll(2) and select(2).
#include "linux/poll_wait.hh"
#include "linux/signal_bridge.hh"
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"

namespace osv::linux_abi {

namespace {

using namespace io::poll_event;

/// struct pollfd.
struct poll_descriptor {
  int fd;
  u16 events, ready;
};

constexpr u32 read_normal = 0x40, read_band = 0x80, write_normal = 0x100, write_band = 0x200;

/// What a file reports says nothing of the finer kinds: they follow the coarse ones.
u32 coarse(u32 events) {
  if (events & read_normal) events |= in;
  if (events & write_normal) events |= out;
  return events | error | hang_up;
}
u16 fine(u32 ready, u16 asked) {
  u32 answer = ready & (asked | error | hang_up);
  if (ready & in) answer |= asked & read_normal;
  if (ready & out) answer |= asked & write_normal;
  return static_cast<u16>(answer);
}

/// Poll descriptors in kernel memory.
class descriptor_copies : pinned {
 public:
  result<poll_descriptor*> load(const void* from, usize count) {
    poll_descriptor* into = few_;
    if (count > few) {
      many_ = TRY(buffer<poll_descriptor>::create(count));
      into = many_.data();
    }
    TRY(memory::copy_from_program(into, from, count * sizeof(poll_descriptor)));
    return into;
  }

 private:
  static constexpr usize few = 8;
  poll_descriptor few_[few];
  buffer<poll_descriptor> many_;
};

result<usize> poll_until(void* pointer, usize count, nanoseconds deadline) {
  process& owner = current_process();
  if (count > owner.files.limit()) return fail(errc::invalid);
  descriptor_copies copies;
  poll_descriptor* descriptors = TRY(copies.load(pointer, count));
  poll_items storage;
  poll_item* items = TRY(storage.reserve(count));
  usize bad = 0;
  for (usize i = 0; i < count; ++i) {
    descriptors[i].ready = 0;
    if (descriptors[i].fd < 0) continue;
    items[i].file = owner.files.find(descriptors[i].fd);
    items[i].events = coarse(descriptors[i].events);
    if (!items[i].file) {
      descriptors[i].ready = invalid;
      ++bad;
    }
  }
  const usize found = TRY(wait_for_files(items, count, bad ? 0 : deadline));
  for (usize i = 0; i < count; ++i) {
    if (items[i].file) descriptors[i].ready = fine(items[i].ready, descriptors[i].events);
    TRY(memory::write_program(&static_cast<poll_descriptor*>(pointer)[i].ready, descriptors[i].ready));
  }
  return found + bad;
}

template <typename Time>
result<nanoseconds> deadline_from(const Time* timeout) {
  if (!timeout) return never;
  const Time t = TRY(memory::read_program<Time>(timeout));
  if (!t.valid()) return fail(errc::invalid);
  return t.total() == 0 ? nanoseconds{0} : deadline_after(t.total());
}

/// Linux's own calls (not the C library's) write back what is left of the time-out.
template <typename Time>
void store_rest(Time* timeout, nanoseconds deadline) {
  if (!timeout) return;
  const nanoseconds rest = deadline ? deadline - sched::now() : 0;
  (void)memory::write_program(timeout, Time::of(rest > 0 ? rest : 0));
}

/// EINTR as the calls that must not be restarted after a handler want it.
result<usize> restartable(result<usize> r) {
  if (!r.ok() && r.error() == errc::interrupted) return fail(errc::restart_no_handler);
  return r;
}

}  // namespace

result<usize> sys_poll(void* descriptors, usize count, int timeout_ms) {
  const nanoseconds deadline = timeout_ms < 0 ? never : timeout_ms == 0 ? 0 : deadline_after(timeout_ms * millisecond);
  auto found = poll_until(descriptors, count, deadline);
  return timeout_ms < 0 ? restartable(std::move(found)) : std::move(found);
}

result<usize> sys_ppoll(void* descriptors, usize count, linux_timespec* timeout, const void* mask, usize mask_size) {
  const nanoseconds deadline = TRY(deadline_from(timeout));
  TRY(apply_temporary_mask(mask, mask_size));
  auto found = poll_until(descriptors, count, deadline);
  store_rest(timeout, deadline);
  return restartable(std::move(found));
}

namespace {

constexpr unsigned set_bits = 1024;  // FD_SETSIZE
constexpr unsigned word_bits = 64;

/// The three sets of select(2), in the order read, write, exceptional.
struct descriptor_sets {
  u64 words[3][set_bits / word_bits];

  bool has(unsigned set, unsigned fd) const { return words[set][fd / word_bits] >> (fd % word_bits) & 1; }
  void add(unsigned set, unsigned fd) { words[set][fd / word_bits] |= 1ull << (fd % word_bits); }
};

// What counts as readable, writable, exceptional (fs/select.c: POLLIN_SET, POLLOUT_SET, POLLEX_SET).
constexpr u32 set_events[3] = {in | hang_up | error | read_band, out | error | write_band, priority};

result<usize> select_until(int count, u64* const sets[3], nanoseconds deadline) {
  process& owner = current_process();
  if (count < 0) return fail(errc::invalid);
  const unsigned n = static_cast<unsigned>(count) < set_bits ? static_cast<unsigned>(count) : set_bits;
  const usize bytes = (n + word_bits - 1) / word_bits * sizeof(u64);
  descriptor_sets wanted{}, answer{};
  for (unsigned set = 0; set < 3; ++set)
    if (sets[set]) TRY(memory::copy_from_program(wanted.words[set], sets[set], bytes));
  usize asked = 0;
  for (unsigned fd = 0; fd < n; ++fd)
    if (wanted.has(0, fd) || wanted.has(1, fd) || wanted.has(2, fd)) ++asked;
  poll_items storage;
  poll_item* items = TRY(storage.reserve(asked));
  usize i = 0;
  for (unsigned fd = 0; fd < n; ++fd) {
    u32 events = 0;
    for (unsigned set = 0; set < 3; ++set)
      if (wanted.has(set, fd)) events |= set_events[set];
    if (!events) continue;
    items[i].file = TRY(owner.files.get(static_cast<int>(fd)));
    items[i++].events = events;
  }
  (void)TRY(wait_for_files(items, asked, deadline));
  usize found = 0;
  i = 0;
  for (unsigned fd = 0; fd < n; ++fd) {
    if (!wanted.has(0, fd) && !wanted.has(1, fd) && !wanted.has(2, fd)) continue;
    const u32 ready = items[i++].ready;
    for (unsigned set = 0; set < 3; ++set) {
      if (!wanted.has(set, fd) || !(ready & set_events[set])) continue;
      answer.add(set, fd);
      ++found;
    }
  }
  for (unsigned set = 0; set < 3; ++set)
    if (sets[set]) TRY(memory::copy_to_program(sets[set], answer.words[set], bytes));
  return found;
}

}  // namespace

result<usize> sys_select(int count, u64* read, u64* write, u64* exceptional, linux_timeval* timeout) {
  const nanoseconds deadline = TRY(deadline_from(timeout));
  u64* const sets[3] = {read, write, exceptional};
  auto found = select_until(count, sets, deadline);
  store_rest(timeout, deadline);
  return restartable(std::move(found));
}

result<usize> sys_pselect6(int count, u64* read, u64* write, u64* exceptional, linux_timespec* timeout, const void* mask_argument) {
  // The sixth argument points to a pointer and a size (select(2), "C library/kernel differences").
  struct {
    const void* mask;
    usize size;
  } mask{};
  if (mask_argument) TRY(memory::copy_from_program(&mask, mask_argument, sizeof mask));
  const nanoseconds deadline = TRY(deadline_from(timeout));
  TRY(apply_temporary_mask(mask.mask, mask.size));
  u64* const sets[3] = {read, write, exceptional};
  auto found = select_until(count, sets, deadline);
  store_rest(timeout, deadline);
  return restartable(std::move(found));
}

}  // namespace osv::linux_abi
