// The DHCP client of one interface (RFC 2131 §4.4): a kernel thread that gets, renews and gives up the lease.
#pragma once

#include "net/dhcp_message.hh"
#include "net/stack.hh"
#include "sync/mutex.hh"
#include "sync/wait_queue.hh"

namespace osv::net {

class dhcp_client : pinned {
 public:
  dhcp_client(stack& s, interface& i) : stack_(s), interface_(i) {}

  /// Starts the thread. `hostname` is sent along; it must outlive the client.
  result<> start(std::string_view hostname);
  /// Ends the thread within a second or so. Tests only.
  void stop();

  /// True once there is an address, or the first tries got no answer.
  bool settled() const { return settled_.load(std::memory_order_acquire); }
  bool bound() const { return bound_.load(std::memory_order_acquire); }
  sync::wait_queue& changed() { return changed_; }
  /// Copies of what the lease brought.
  result<> nameservers(vector<address>& into);
  result<> search_domains(vector<string>& into);

 private:
  enum class outcome : u8 { got, refused, silence, stopped };
  void run();
  outcome acquire();
  /// Sends `request` and waits for an answer of one of two types; false after `patience`.
  outcome exchange(io::socket_file& socket, dhcp_request& request, u32 to, nanoseconds patience, dhcp_type wanted, dhcp_lease& answer);
  outcome renew(u32 to, nanoseconds until);
  result<> apply(dhcp_lease&& lease);
  void lose();
  result<ref<io::file>> open_socket();

  stack& stack_;
  interface& interface_;
  std::string_view hostname_;
  std::atomic<bool> settled_{false}, bound_{false}, stopping_{false}, stopped_{false};
  sync::wait_queue changed_;
  sync::guarded<dhcp_lease> lease_;
  u32 address_ = 0, server_ = 0;
  nanoseconds renew_at_ = never, rebind_at_ = never, expire_at_ = never;
  ref<sched::thread> thread_;
};

}  // namespace osv::net
