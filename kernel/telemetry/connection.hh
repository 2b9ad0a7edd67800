// One client of the management port: reads a request, answers it, reads the next. Never blocks: service() does what can be
// done now. Every state has a deadline that bytes do not put off, so a slow client cannot hold its place for long.
#pragma once

#include <atomic>

#include "base/list.hh"
#include "io/socket_file.hh"
#include "telemetry/http_request.hh"

namespace osv::telemetry {

constexpr nanoseconds request_time_max = 10 * second;  // from a request's first byte to its last
constexpr nanoseconds idle_time_max = 120 * second;    // between requests
constexpr nanoseconds answer_time_max = 30 * second;   // for the client to take the answer
constexpr nanoseconds drain_time_max = 2 * second;     // after the last answer, for the client to close

class connection : pinned {
 public:
  /// `refuse`: answers the first request with 503 and closes.
  connection(ref<io::file> file, sched::thread& server, bool refuse);
  ~connection();

  /// False when the connection is over and may be destroyed.
  bool service();
  /// True when service() has something to do: the socket changed, or the deadline passed.
  bool wants_service(nanoseconds now) const { return changed_.load(std::memory_order_relaxed) || now >= deadline_; }
  nanoseconds deadline() const { return deadline_; }
  /// How long it may be closed to make room: the time since it waits for its client; 0 if it is being answered.
  nanoseconds idle_for(nanoseconds now) const { return state_ == state::reading ? now - waiting_since_ : 0; }

 private:
  enum class state : u8 { reading, writing, draining };
  enum class progress : u8 { on, wait, over };

  progress read();
  progress write();
  progress drain();
  /// Answers the request at the start of input_, if it is whole.
  progress handle_input();
  result<> prepare_answer(const http_request& request, usize consumed);
  result<> prepare_refusal(u16 status);
  void enter(state next, nanoseconds time_max);

  struct watcher : sync::wait_queue::entry {
    connection* self;
  };

  ref<io::file> file_;
  io::socket_file& socket_;
  sched::thread& server_;
  watcher watcher_;
  std::atomic<bool> changed_{true};
  bool refuse_;
  bool close_after_ = false;
  bool continue_sent_ = false;
  state state_ = state::reading;
  nanoseconds deadline_ = 0;
  nanoseconds waiting_since_ = 0;
  string input_;
  string output_;
  usize sent_ = 0;
  usize drained_ = 0;
};

}  // namespace osv::telemetry
