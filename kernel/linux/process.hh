// The one process and its threads' Linux side. (fork will make more of them; nothing here may assume a single one but
// `current_process()`.)
#pragma once

#include "base/memory.hh"
#include "base/string.hh"
#include "io/file.hh"
#include "linux/descriptor_table.hh"
#include "linux/signal.hh"
#include "lock/spin_lock.hh"
#include "linux/resource_limits.hh"
#include "mapping/address_space.hh"
#include "sync/wait_queue.hh"
#include "vfs/vfs.hh"

namespace osv::linux_abi {

class task;

/// What a process knows of its tasks: every task is one.
struct task_link {
  list_hook hook;
};

/// Identity and limits a program can ask for.
struct credentials {
  u32 real_user = 0, effective_user = 0, saved_user = 0;
  u32 real_group = 0, effective_group = 0, saved_group = 0;
};

struct resource_limit {
  u64 soft, hard;
};

/// capabilities(7), 64-bit sets. The program starts with all of them: it has nothing to itself that they guard.
struct capability_sets {
  static constexpr u64 all = (1ull << 41) - 1;
  u64 effective = all, permitted = all, inheritable = 0;
};

/// Switches of prctl(2) and personality(2) that are kept and shown, nothing more.
struct process_attributes {
  static constexpr u64 timer_slack_default = 50000;  // nanoseconds
  int dumpable = 1;
  int parent_death_signal = 0;
  bool keep_capabilities = false;
  bool child_subreaper = false;
  bool no_new_privileges = false;
  u64 timer_slack = timer_slack_default;
  u32 personality = 0;
  std::atomic<u32> registered_barriers{0};  // MEMBARRIER_CMD_REGISTER_* bits
};

class process : public ref_counted<process> {
 public:
  u32 id = 1;
  memory::address_space& space;
  descriptor_table files;
  credentials identity;
  vector<u32> groups;         // supplementary (setgroups(2))
  capability_sets capabilities;
  process_attributes attributes;
  string executable;          // /proc/self/exe
  vfs::working_directory working_directory;
  string hostname;
  vector<string> arguments;   // /proc/self/cmdline
  vector<string> environment;
  resource_limit limits[16];
  std::atomic<u32> file_mode_mask{022};   // umask(2)
  nanoseconds started_at = 0;

  /// Guards pending signals, masks, actions and the task list. Taken in interrupts (timers).
  lock::irq_spin_lock signal_lock{lock::rank::process};
  list<task_link, &task_link::hook> tasks;
  pending_signals pending;
  sync::wait_queue signals_arrived;   // signalfd(2): woken for every signal that was sent
  signal_action actions[signals_max + 1];
  std::atomic<bool> ending{false};
  std::atomic<bool> replacing{false};  // a task is in execve(2) and gets rid of the others; set under the signal lock
  std::atomic<u32> live_tasks{0};      // that have not begun to leave
  u32 queued_signals = 0;              // under the signal lock: all tasks' and its own
  sync::wait_queue task_left;
  std::atomic<u32> last_thread_id{1};

  u32 allocate_thread_id() { return last_thread_id.fetch_add(1, std::memory_order_relaxed) + 1; }

  explicit process(memory::address_space& s) : space(s) { set_default_limits(*this); }
  ~process() = default;
};

process& current_process();

}  // namespace osv::linux_abi
