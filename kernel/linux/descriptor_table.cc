#include "linux/descriptor_table.hh"

#include "linux/epoll.hh"
#include "linux/file_locks.hh"

namespace osv::linux_abi {

namespace {

/// Look-ups in progress, one count a CPU, shared by all tables: it is held for a few instructions with preemption off.
arch::per_cpu<std::atomic<u32>> readers;

class lookup_section : pinned {
 public:
  lookup_section() {
    arch::disable_preemption();
    mark_ = &readers.local();
    // seq_cst pairs with wait_for_readers(): either the writer sees the mark, or this reader sees the emptied slot.
    mark_->fetch_add(1, std::memory_order_seq_cst);
  }
  ~lookup_section() {
    mark_->fetch_sub(1, std::memory_order_release);
    arch::enable_preemption();
  }

 private:
  std::atomic<u32>* mark_;
};

/// Returns when every look-up that may have seen the old state has taken its reference.
void wait_for_readers() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  for (unsigned cpu = 0; cpu < arch::cpu_count; ++cpu)
    while (readers[cpu].load(std::memory_order_seq_cst) != 0) arch::pause();
}

constexpr unsigned bits = 64;
bool bit(const vector<u64>& words, unsigned i) { return words[i / bits] >> (i % bits) & 1; }
void assign_bit(vector<u64>& words, unsigned i, bool value) {
  const u64 mask = 1ull << (i % bits);
  words[i / bits] = value ? words[i / bits] | mask : words[i / bits] & ~mask;
}

void drop(io::file* file) {
  if (!file) return;
  descriptor_closed(*file);
  file->release();
}

}  // namespace

void (*forget_io_signals)(io::file& file) = nullptr;

void descriptor_closed(io::file& file) {
  if (file.descriptors.fetch_sub(1, std::memory_order_seq_cst) != 1) return;
  epoll_forget(file);
  if (__atomic_load_n(&file.io_signals, __ATOMIC_SEQ_CST)) [[unlikely]]
    forget_io_signals(file);
  forget_locks(file);
  file.closed();
}

descriptor_table::~descriptor_table() {
  close_all();
  ::operator delete(slots_.load(std::memory_order_relaxed));
}

ref<io::file> descriptor_table::find(int fd) {
  lookup_section section;
  const slots* table = slots_.load(std::memory_order_acquire);
  if (!table || static_cast<unsigned>(fd) >= table->capacity) return nullptr;
  return ref<io::file>(table->files[fd].load(std::memory_order_acquire));
}

result<ref<io::file>> descriptor_table::get(int fd) {
  ref<io::file> file = find(fd);
  if (!file) [[unlikely]]
    return fail(errc::bad_file);
  return file;
}

descriptor_table::slots* descriptor_table::allocate(unsigned capacity) {
  void* memory = ::operator new(sizeof(slots) + capacity * sizeof(std::atomic<io::file*>), std::nothrow);
  if (!memory) return nullptr;
  auto* table = static_cast<slots*>(memory);
  table->capacity = capacity;
  for (unsigned i = 0; i < capacity; ++i) new (&table->files[i]) std::atomic<io::file*>(nullptr);
  return table;
}

result<> descriptor_table::grow_for(unsigned fd) {
  slots* old = slots_.load(std::memory_order_relaxed);
  const unsigned capacity = old ? old->capacity : 0;
  if (fd < capacity) return {};
  unsigned grown = capacity ? capacity * 2 : 64;
  while (grown <= fd) grown *= 2;
  slots* table = allocate(grown);
  if (!table) return fail(errc::no_memory);
  for (unsigned i = 0; i < capacity; ++i)
    table->files[i].store(old->files[i].load(std::memory_order_relaxed), std::memory_order_relaxed);
  if (!used_.resize(grown / bits).ok() || !close_on_exec_.resize(grown / bits).ok()) {
    ::operator delete(table);
    return fail(errc::no_memory);
  }
  slots_.store(table, std::memory_order_release);
  wait_for_readers();
  ::operator delete(old);
  return {};
}

int descriptor_table::lowest_free(unsigned lowest) const {
  if (lowest < first_free_hint_) lowest = first_free_hint_;
  for (unsigned word = lowest / bits; word < used_.size(); ++word) {
    u64 free = ~used_[word];
    if (word == lowest / bits) free &= ~0ull << (lowest % bits);
    if (free) return static_cast<int>(word * bits + static_cast<unsigned>(__builtin_ctzll(free)));
  }
  const auto capacity = static_cast<unsigned>(used_.size() * bits);
  return static_cast<int>(lowest > capacity ? lowest : capacity);
}

void descriptor_table::put(unsigned fd, io::file* file, bool close_on_exec) {
  descriptor_opened(*file);
  assign_bit(used_, fd, true);
  assign_bit(close_on_exec_, fd, close_on_exec);
  slots_.load(std::memory_order_relaxed)->files[fd].store(file, std::memory_order_release);
  count_.fetch_add(1, std::memory_order_relaxed);
}

io::file* descriptor_table::take(unsigned fd) {
  slots* table = slots_.load(std::memory_order_relaxed);
  if (!table || fd >= table->capacity) return nullptr;
  io::file* file = table->files[fd].exchange(nullptr, std::memory_order_seq_cst);
  if (!file) return nullptr;
  assign_bit(used_, fd, false);
  assign_bit(close_on_exec_, fd, false);
  if (fd < first_free_hint_) first_free_hint_ = fd;
  count_.fetch_sub(1, std::memory_order_relaxed);
  wait_for_readers();
  return file;
}

result<int> descriptor_table::install(ref<io::file> file, bool close_on_exec, int lowest) {
  if (lowest < 0 || static_cast<u64>(lowest) >= limit()) return fail(errc::invalid);
  sync::mutex_guard g(writer_);
  const auto fd = static_cast<unsigned>(lowest_free(static_cast<unsigned>(lowest)));
  if (fd >= limit()) return fail(errc::too_many_files);
  TRY(grow_for(fd));
  put(fd, file.leak(), close_on_exec);
  // Everything below `fd` was found in use only if the search began at the hint.
  if (static_cast<unsigned>(lowest) <= first_free_hint_) first_free_hint_ = fd + 1;
  return static_cast<int>(fd);
}

result<> descriptor_table::replace(int fd, ref<io::file> file, bool close_on_exec) {
  if (fd < 0 || static_cast<u64>(fd) >= limit()) return fail(errc::bad_file);
  io::file* old;
  {
    sync::mutex_guard g(writer_);
    TRY(grow_for(static_cast<unsigned>(fd)));
    old = take(static_cast<unsigned>(fd));
    put(static_cast<unsigned>(fd), file.leak(), close_on_exec);
  }
  drop(old);
  return {};
}

result<> descriptor_table::close(int fd) {
  io::file* file;
  {
    sync::mutex_guard g(writer_);
    file = fd < 0 ? nullptr : take(static_cast<unsigned>(fd));
  }
  if (!file) return fail(errc::bad_file);
  drop(file);
  return {};
}

int descriptor_table::next_open(int from) {
  sync::mutex_guard g(writer_);
  if (from < 0) from = 0;
  for (auto i = static_cast<unsigned>(from); i < used_.size() * bits; ++i)
    if (bit(used_, i)) return static_cast<int>(i);
  return -1;
}

void descriptor_table::close_range(unsigned first, unsigned last) {
  if (first >= descriptors_max) return;
  for (int fd = next_open(static_cast<int>(first)); fd >= 0 && static_cast<unsigned>(fd) <= last; fd = next_open(fd + 1))
    (void)close(fd);
}

void descriptor_table::mark_close_on_exec(unsigned first, unsigned last) {
  sync::mutex_guard g(writer_);
  for (unsigned fd = first; fd <= last && fd < used_.size() * bits; ++fd)
    if (bit(used_, fd)) assign_bit(close_on_exec_, fd, true);
}

void descriptor_table::close_marked() {
  for (int fd = next_open(0); fd >= 0; fd = next_open(fd + 1))
    if (close_on_exec(fd).value_or(false)) (void)close(fd);
}

result<bool> descriptor_table::close_on_exec(int fd) {
  sync::mutex_guard g(writer_);
  if (fd < 0 || static_cast<unsigned>(fd) >= used_.size() * bits || !bit(used_, static_cast<unsigned>(fd)))
    return fail(errc::bad_file);
  return bit(close_on_exec_, static_cast<unsigned>(fd));
}

result<> descriptor_table::set_close_on_exec(int fd, bool value) {
  sync::mutex_guard g(writer_);
  if (fd < 0 || static_cast<unsigned>(fd) >= used_.size() * bits || !bit(used_, static_cast<unsigned>(fd)))
    return fail(errc::bad_file);
  assign_bit(close_on_exec_, static_cast<unsigned>(fd), value);
  return {};
}

void descriptor_table::set_limit(u64 limit) {
  limit_.store(limit < descriptors_max ? limit : descriptors_max, std::memory_order_relaxed);
}

}  // namespace osv::linux_abi
