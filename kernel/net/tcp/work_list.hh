// Connections that wait for their turn, each once, in the order of their coming.
#pragma once

#include <atomic>

#include "base/function.hh"
#include "lock/spin_lock.hh"

namespace osv::net::tcp {

class connection;

/// A connection's place in a list.
struct work_hook {
  std::atomic<bool> listed{false};
  connection* next = nullptr;
};

class work_list : pinned {
 public:
  explicit work_list(work_hook connection::*hook) : hook_(hook) {}

  void add(connection& c);
  /// Takes all out and calls f with each. It may come back meanwhile: it is then for the next time.
  void take_all(function_ref<void(connection&)> f);

 private:
  work_hook connection::*const hook_;
  lock::spin_lock lock_{lock::rank::network_device};
  connection* first_ = nullptr;
  connection* last_ = nullptr;  // valid while there is a first one
};

}  // namespace osv::net::tcp
