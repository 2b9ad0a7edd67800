// epoll(7). Each registration hangs a callback in the file's poll queue; a wake-up links the registration into the
// instance's ready list, so that epoll_wait costs as much as there are ready files, however many are registered.
//
// Locks: instance.registrations_ (mutex; the tree, and the whole of a scan) > file_links (spin, the list of a file's
// registrations). The ready list's spin lock is taken inside a poll queue's lock, by the callback; the instance's own
// queue is woken inside that again (an epoll instance inside another one is the only way to go deeper; loops are refused).
#pragma once

#include "base/tree.hh"
#include "io/file.hh"

namespace osv::linux_abi {

/// EPOLL* of epoll_ctl(2) beside io::poll_event.
namespace epoll_flag {
constexpr u32 exclusive = 1u << 28, wake_up = 1u << 29, one_shot = 1u << 30, edge_triggered = 1u << 31;
constexpr u32 read_normal = 0x40, write_normal = 0x100;
}  // namespace epoll_flag

/// struct epoll_event of x86-64 (packed, uapi/linux/eventpoll.h).
struct __attribute__((packed)) epoll_event {
  u32 events;
  u64 data;
};

class epoll_file;

/// One file in one instance's interest list.
struct epoll_registration : sync::wait_queue::entry {
  epoll_file* owner;
  ref<io::file> target;
  sync::wait_queue* source;  // the target's poll queue
  int fd;
  std::atomic<u32> events;   // with EPOLLET and friends; no poll bits left: disabled by EPOLLONESHOT
  u64 data;
  tree_hook in_tree;
  list_hook in_ready;
  epoll_registration* next_of_file = nullptr;

  struct earlier {
    bool operator()(const epoll_registration& a, const epoll_registration& b) const {
      return a.target.get() != b.target.get() ? a.target.get() < b.target.get() : a.fd < b.fd;
    }
  };
};

class epoll_file final : public io::file {
 public:
  static constexpr char file_kind = 0;

  epoll_file() : io::file(io::open_flag::read_write) {}
  ~epoll_file() override;

  /// EPOLL_CTL_ADD: EEXIST, EPERM (cannot be polled), ELOOP (nesting), EINVAL, ENOMEM.
  result<> add(ref<io::file> target, int fd, const epoll_event& event);
  /// EPOLL_CTL_MOD: ENOENT; EINVAL with EPOLLEXCLUSIVE.
  result<> modify(io::file& target, int fd, const epoll_event& event);
  /// EPOLL_CTL_DEL: ENOENT.
  result<> remove(io::file& target, int fd);
  /// Writes up to `capacity` events to program memory; waits until `deadline` (0: does not wait). EINTR, EFAULT.
  result<usize> wait(epoll_event* events, usize capacity, nanoseconds deadline);

  u32 poll() override;
  sync::wait_queue* poll_queue() override { return &queue_; }
  result<> stat(io::file_status& status) override;
  std::string_view name() const override { return "anon_inode:[eventpoll]"; }
  const void* kind() const override { return &file_kind; }

  /// Drops all registrations of `target`.
  void forget(io::file& target);
  /// For /proc/self/fdinfo: each registration.
  void visit(function_ref<void(int fd, u32 events, u64 data)> visitor);

 private:
  static bool woken(sync::wait_queue::entry& self, u32 key);
  epoll_registration* find(const io::file& target, int fd);
  void insert(epoll_registration& r);
  void erase(epoll_registration& r);
  bool link_ready(epoll_registration& r);
  epoll_registration* pop_ready();
  void announce(epoll_registration& r);
  result<usize> collect(epoll_event* events, usize capacity);
  bool reaches(const epoll_file& searched, unsigned levels);

  sync::mutex registrations_mutex_;
  tree<epoll_registration, &epoll_registration::in_tree, epoll_registration::earlier> registrations_;
  lock::irq_spin_lock ready_lock_{lock::rank::epoll};
  osv::list<epoll_registration, &epoll_registration::in_ready> ready_;
  std::atomic<u32> ready_count_{0};
  sync::wait_queue queue_{lock::rank::epoll_queue};
};

/// Ends every registration of a file whose last descriptor was closed.
void epoll_forget_slow(io::file& file);
inline void epoll_forget(io::file& file) {
  if (__atomic_load_n(&file.epoll_registrations, __ATOMIC_SEQ_CST)) [[unlikely]]
    epoll_forget_slow(file);
}

}  // namespace osv::linux_abi
