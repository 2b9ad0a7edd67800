// The management server's loop: accepts, and gives each connection its turn.
#pragma once

#include "telemetry/connection.hh"

namespace osv::telemetry {

constexpr usize connections_max = 32;
constexpr usize refused_max = 8;  // further ones, which get 503
/// Whoever waits longer than this may be closed to make room for a new client.
constexpr nanoseconds idle_before_eviction = 1 * second;

class server : pinned {
 public:
  /// Listens on `port` of every address.
  static result<unique<server>> create(u16 port);
  ~server();

  /// Runs until stop(): never, in the kernel. The calling thread is the one that is woken.
  void run();
  void stop();

 private:
  explicit server(ref<io::file> listener);

  /// Takes what the listener holds, as far as there is room.
  void accept_connections();
  void serve_connections();
  /// Closes the connection that has waited longest, if long enough.
  bool make_room();
  nanoseconds next_deadline() const;

  struct watcher : sync::wait_queue::entry {
    server* self;
  };

  ref<io::file> listener_;
  watcher watcher_;
  std::atomic<bool> incoming_{true};
  std::atomic<bool> stopped_{false};
  std::atomic<sched::thread*> thread_{nullptr};
  nanoseconds accept_again_at_ = never;  // after an accept that failed or found no room
  vector<unique<connection>> connections_;
};

}  // namespace osv::telemetry
