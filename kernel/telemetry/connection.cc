#include "telemetry/connection.hh"

#include "telemetry/routes.hh"

namespace osv::telemetry {

namespace {

constexpr u32 no_wait = io::message_flag::dont_wait | io::message_flag::no_signal;
constexpr usize drained_max = 256 * 1024;
/// Requests answered in one go before other connections have their turn.
constexpr int requests_in_a_row = 8;

/// Up to `size` bytes; 0 at the end of the stream; EAGAIN.
result<usize> receive(io::socket_file& socket, void* into, usize size) {
  io::cursor at(into, size);
  io::message m;
  m.data = &at;
  return socket.receive(m, no_wait);
}

result<usize> send(io::socket_file& socket, std::string_view bytes) {
  io::cursor at(static_cast<const void*>(bytes.data()), bytes.size());
  io::message m;
  m.data = &at;
  return socket.send(m, no_wait);
}

result<> drop_front(string& text, usize size) {
  string rest;
  TRY(rest.append(text.view().substr(size)));
  text = std::move(rest);
  return {};
}

}  // namespace

connection::connection(ref<io::file> file, sched::thread& server, bool refuse)
    : file_(std::move(file)), socket_(*file_->as_socket()), server_(server), refuse_(refuse) {
  watcher_.self = this;
  watcher_.wake = [](sync::wait_queue::entry& e, u32) {
    connection& self = *static_cast<watcher&>(e).self;
    // release: pairs with the acquire in service(), which then sees what the socket holds.
    self.changed_.store(true, std::memory_order_release);
    sched::unpark(self.server_);
    return true;
  };
  file_->poll_queue()->add(watcher_);
  enter(state::reading, request_time_max);
}

connection::~connection() {
  file_->poll_queue()->remove(watcher_);
  file_->closed();
}

void connection::enter(state next, nanoseconds time_max) {
  state_ = next;
  waiting_since_ = sched::now();
  deadline_ = waiting_since_ + time_max;
}

bool connection::service() {
  changed_.exchange(false, std::memory_order_acquire);
  if (sched::now() >= deadline_) return false;
  for (int steps = 0; steps < 4 * requests_in_a_row; ++steps) {
    progress p = progress::over;
    if (state_ == state::reading) p = read();
    else if (state_ == state::writing) p = write();
    else p = drain();
    if (p != progress::on) return p == progress::wait;
  }
  changed_.store(true, std::memory_order_relaxed);
  return true;
}

connection::progress connection::read() {
  if (!input_.empty()) {
    const progress handled = handle_input();
    if (handled != progress::wait) return handled;
  }
  char piece[1024];
  const result<usize> received = receive(socket_, piece, sizeof piece);
  if (!received.ok()) return received.error() == errc::again ? progress::wait : progress::over;
  if (received.value() == 0) return progress::over;
  // The clock of a request starts with its first byte.
  if (input_.empty()) enter(state::reading, request_time_max);
  return input_.append({piece, received.value()}).ok() ? progress::on : progress::over;
}

connection::progress connection::handle_input() {
  http_request request;
  const parse_outcome outcome = parse_request(input_.view(), request);
  if (outcome.state == parse_outcome::kind::incomplete) {
    if (!outcome.continue_expected || continue_sent_) return progress::wait;
    continue_sent_ = true;
    // If it does not fit, the client sends its body all the same after a while (RFC 9110, 10.1.1).
    (void)send(socket_, "HTTP/1.1 100 Continue\r\n\r\n");
    return progress::wait;
  }
  result<> prepared = outcome.state == parse_outcome::kind::malformed ? prepare_refusal(outcome.status)
                      : refuse_                                       ? prepare_refusal(503)
                                                                      : prepare_answer(request, outcome.consumed);
  if (!prepared.ok()) return progress::over;
  enter(state::writing, answer_time_max);
  return progress::on;
}

result<> connection::prepare_answer(const http_request& request, usize consumed) {
  http_response response;
  answer(request, response);
  close_after_ = !request.keep_alive;
  continue_sent_ = false;
  TRY(write_response(output_, response, request.keep_alive, request.method == http_method::head));
  return drop_front(input_, consumed);
}

result<> connection::prepare_refusal(u16 status) {
  http_response response;
  answer_refused(status, response);
  close_after_ = true;
  input_.clear();
  return write_response(output_, response, false, false);
}

connection::progress connection::write() {
  while (sent_ < output_.size()) {
    const result<usize> n = send(socket_, output_.view().substr(sent_));
    if (!n.ok()) return n.error() == errc::again ? progress::wait : progress::over;
    sent_ += n.value();
  }
  output_ = string();
  sent_ = 0;
  if (close_after_) {
    // Closing with unread bytes would reset the connection and could take the answer with it: let the client close first.
    (void)socket_.shutdown(1);
    enter(state::draining, drain_time_max);
  } else {
    enter(state::reading, input_.empty() ? idle_time_max : request_time_max);
  }
  return progress::on;
}

connection::progress connection::drain() {
  char piece[512];
  const result<usize> received = receive(socket_, piece, sizeof piece);
  if (!received.ok()) return received.error() == errc::again ? progress::wait : progress::over;
  drained_ += received.value();
  return received.value() == 0 || drained_ > drained_max ? progress::over : progress::on;
}

}  // namespace osv::telemetry
