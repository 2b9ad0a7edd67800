#include "telemetry/server.hh"

#include "base/byte_order.hh"
#include "log/log.hh"

namespace osv::telemetry {

namespace {

constexpr int af_inet = 2, sock_stream = 1, sol_socket = 1, so_reuseaddr = 2;
constexpr int backlog = 64;
constexpr nanoseconds accept_retry = 200 * millisecond;

/// struct sockaddr_in (ip(7)) of any local address.
io::socket_address any_address(u16 port) {
  io::socket_address address;
  address.bytes[0] = af_inet;
  const be16 wire = port;
  __builtin_memcpy(&address.bytes[2], &wire, sizeof wire);
  address.length = 16;
  return address;
}

}  // namespace

result<unique<server>> server::create(u16 port) {
  ref<io::file> file = TRY(io::create_socket(af_inet, sock_stream, 0, io::open_flag::read_write | io::open_flag::non_blocking));
  io::socket_file& socket = *file->as_socket();
  const int on = 1;
  TRY(socket.set_option(sol_socket, so_reuseaddr, &on, sizeof on));
  TRY(socket.bind(any_address(port)));
  TRY(socket.listen(backlog));
  server* s = new (std::nothrow) server(std::move(file));
  if (!s) return fail(errc::no_memory);
  unique<server> owned(s);
  TRY(owned->connections_.reserve(connections_max + refused_max));
  return owned;
}

server::server(ref<io::file> listener) : listener_(std::move(listener)) {
  watcher_.self = this;
  watcher_.wake = [](sync::wait_queue::entry& e, u32) {
    server& self = *static_cast<watcher&>(e).self;
    self.incoming_.store(true, std::memory_order_release);
    if (sched::thread* t = self.thread_.load(std::memory_order_acquire)) sched::unpark(*t);
    return true;
  };
  listener_->poll_queue()->add(watcher_);
}

server::~server() {
  listener_->poll_queue()->remove(watcher_);
  listener_->closed();
}

void server::run() {
  thread_.store(&sched::current(), std::memory_order_release);
  while (!stopped_.load(std::memory_order_acquire)) {
    accept_connections();
    serve_connections();
    bool busy = incoming_.load(std::memory_order_relaxed);
    const nanoseconds now = sched::now();
    for (const unique<connection>& c : connections_) busy = busy || c->wants_service(now);
    if (!busy) sched::park(next_deadline());
  }
  connections_.clear();
}

void server::stop() {
  stopped_.store(true, std::memory_order_release);
  if (sched::thread* t = thread_.load(std::memory_order_acquire)) sched::unpark(*t);
}

void server::accept_connections() {
  const bool retry = sched::now() >= accept_again_at_;
  if (!incoming_.exchange(false, std::memory_order_acquire) && !retry) return;
  accept_again_at_ = never;
  for (;;) {
    if (connections_.size() == connections_max + refused_max && !make_room()) break;
    auto accepted = listener_->as_socket()->accept(nullptr, io::open_flag::read_write | io::open_flag::non_blocking);
    if (!accepted.ok()) {
      if (accepted.error() == errc::again) return;
      // The client went away before it was accepted: the next one may be fine.
      if (accepted.error() == errc::connection_aborted) continue;
      break;
    }
    const bool full = connections_.size() >= connections_max && !make_room();
    auto c = make_unique<connection>(accepted.release(), sched::current(), full);
    if (!c.ok()) break;
    // Never fails: room was reserved.
    (void)connections_.push_back(c.release());
  }
  accept_again_at_ = sched::now() + accept_retry;
}

void server::serve_connections() {
  const nanoseconds now = sched::now();
  for (usize i = 0; i < connections_.size();) {
    if (connections_[i]->wants_service(now) && !connections_[i]->service())
      connections_.erase_unordered(i);
    else
      ++i;
  }
}

bool server::make_room() {
  const nanoseconds now = sched::now();
  usize longest = connections_.size();
  nanoseconds longest_time = idle_before_eviction;
  for (usize i = 0; i < connections_.size(); ++i) {
    const nanoseconds time = connections_[i]->idle_for(now);
    if (time < longest_time) continue;
    longest = i;
    longest_time = time;
  }
  if (longest == connections_.size()) return false;
  connections_.erase_unordered(longest);
  return true;
}

nanoseconds server::next_deadline() const {
  nanoseconds next = accept_again_at_;
  for (const unique<connection>& c : connections_)
    if (c->deadline() < next) next = c->deadline();
  return next;
}

}  // namespace osv::telemetry
