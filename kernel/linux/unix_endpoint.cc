#include "linux/unix_endpoint.hh"

#include "linux/descriptor_table.hh"

namespace osv::linux_abi {

using namespace io::poll_event;

result<> unix_rights::add(ref<io::file> file) {
  TRY(files_.reserve(files_.size() + 1));
  descriptor_opened(*file);
  return files_.push_back(std::move(file));
}

void unix_rights::drop() {
  while (!files_.empty()) {
    const ref<io::file> file = std::move(files_.back());
    files_.pop_back();
    descriptor_closed(*file);
  }
}

result<unique<unix_packet>> unix_packet::create(usize size) {
  void* memory = ::operator new(sizeof(unix_packet) + size, std::nothrow);
  if (!memory) return fail(errc::no_memory);
  auto* packet = new (memory) unix_packet;
  packet->size = static_cast<u32>(size);
  return unique<unix_packet>(packet);
}

unix_endpoint::~unix_endpoint() {
  while (unix_packet* packet = packets_.pop_front()) delete packet;
}

namespace {
/// Held while ends are tied together or taken apart, so that no relay is left in the queue of an endpoint that is gone.
sync::mutex pairing;
}  // namespace

void unix_endpoint::attach_peer(const ref<unix_endpoint>& other) {
  {
    lock::guard g(state_lock);
    peer_ = other;
  }
  relay_.owner = this;
  relay_.wake = [](sync::wait_queue::entry& self, u32) {
    static_cast<relay&>(self).owner->queue.wake(out);
    return true;
  };
  other->room.add(relay_);
}

ref<unix_endpoint> unix_endpoint::detach_peer() {
  ref<unix_endpoint> old;
  {
    lock::guard g(state_lock);
    old = std::move(peer_);
  }
  if (old) old->room.remove(relay_);
  return old;
}

result<> unix_endpoint::connect_pair(const ref<unix_endpoint>& a, const ref<unix_endpoint>& b) {
  sync::mutex_guard g(pairing);
  if (a->closed_ || b->closed_) return fail(errc::connection_refused);
  a->attach_peer(b);
  b->attach_peer(a);
  a->connected.store(true, std::memory_order_release);
  b->connected.store(true, std::memory_order_release);
  return {};
}

void unix_endpoint::set_peer(ref<unix_endpoint> to) {
  sync::mutex_guard g(pairing);
  const ref<unix_endpoint> old = detach_peer();
  if (to && !closed_) attach_peer(to);
}

ref<unix_endpoint> unix_endpoint::peer() {
  lock::guard g(state_lock);
  return peer_;
}

result<> unix_endpoint::enqueue(unique<unix_packet> packet) {
  {
    lock::guard g(state_lock);
    if (closed_.load(std::memory_order_relaxed))
      return fail(connection_oriented() ? errc::broken_pipe : errc::connection_refused);
    if (receive_shut.load(std::memory_order_relaxed)) return fail(errc::broken_pipe);
    bytes.fetch_add(packet->size, std::memory_order_relaxed);
    packets_.push_back(*packet.release());
    packet_count.fetch_add(1, std::memory_order_release);
  }
  queue.wake(in);
  return {};
}

unix_packet* unix_endpoint::front() {
  lock::guard g(state_lock);
  return packets_.empty() ? nullptr : &packets_.front();
}

unique<unix_packet> unix_endpoint::pop() {
  lock::guard g(state_lock);
  unix_packet* packet = packets_.pop_front();
  if (packet) packet_count.fetch_sub(1, std::memory_order_relaxed);
  return unique<unix_packet>(packet);
}

void unix_endpoint::consumed(usize n) {
  bytes.fetch_sub(n, std::memory_order_seq_cst);
  room.wake(out);
}

void unix_endpoint::shut(int how) {
  const ref<unix_endpoint> other = connection_oriented() ? peer() : nullptr;
  if (how != 1) {
    receive_shut.store(true, std::memory_order_release);
    if (other) other->send_shut.store(true, std::memory_order_release);
  }
  if (how != 0) {
    send_shut.store(true, std::memory_order_release);
    if (other) other->receive_shut.store(true, std::memory_order_release);
  }
  queue.wake();
  room.wake();
  if (other) {
    other->queue.wake();
    other->room.wake();
  }
}

void unix_endpoint::close() {
  list<unix_packet, &unix_packet::hook> dropped;
  list<unix_endpoint, &unix_endpoint::backlog_hook> refused;
  bool unread;
  {
    sync::mutex_guard no_reader(reading);  // a reader may be copying out of the first packet
    lock::guard g(state_lock);
    if (closed_.exchange(true, std::memory_order_seq_cst)) return;
    unread = !packets_.empty();
    dropped.splice_back(packets_);
    packet_count.store(0, std::memory_order_relaxed);
    bytes.store(0, std::memory_order_relaxed);
    refused.splice_back(backlog_);
    backlog_count.store(0, std::memory_order_relaxed);
    listening.store(false, std::memory_order_relaxed);
  }
  ref<unix_endpoint> other, other_side;
  {
    sync::mutex_guard g(pairing);
    other = detach_peer();
    if (other && connection_oriented()) other_side = other->detach_peer();
  }
  if (other && connection_oriented()) {
    // The other end reads what it has and then the end; a loss of data it is told of (unix_release_sock of Linux).
    if (unread) other->error.store(static_cast<int>(errc::connection_reset), std::memory_order_relaxed);
    other->send_shut.store(true, std::memory_order_release);
    other->receive_shut.store(true, std::memory_order_release);
    other->queue.wake();
    other->room.wake();
  }
  queue.wake();
  room.wake();
  while (unix_packet* packet = dropped.pop_front()) delete packet;
  while (unix_endpoint* pending = refused.pop_front()) {
    if (const ref<unix_endpoint> client = pending->peer())
      client->error.store(static_cast<int>(errc::connection_reset), std::memory_order_relaxed);
    pending->close();
    pending->release();
  }
}

result<> unix_endpoint::offer(const ref<unix_endpoint>& server_side) {
  {
    lock::guard g(state_lock);
    if (!listening.load(std::memory_order_relaxed) || receive_shut.load(std::memory_order_relaxed))
      return fail(errc::connection_refused);
    if (backlog_count.load(std::memory_order_relaxed) > backlog_limit.load(std::memory_order_relaxed)) return fail(errc::again);
    server_side->retain();
    backlog_.push_back(*server_side);
    backlog_count.fetch_add(1, std::memory_order_release);
  }
  queue.wake(in, 1);
  return {};
}

ref<unix_endpoint> unix_endpoint::take_offer() {
  ref<unix_endpoint> taken;
  {
    lock::guard g(state_lock);
    if (backlog_.empty()) return nullptr;
    taken = ref<unix_endpoint>::adopt(backlog_.pop_front());
    backlog_count.fetch_sub(1, std::memory_order_relaxed);
  }
  room.wake(out);
  return taken;
}

u32 unix_endpoint::poll() {
  if (listening.load(std::memory_order_acquire)) return offers() ? in : 0;
  u32 events = 0;
  const bool no_more_in = receive_shut.load(std::memory_order_acquire);
  const bool no_more_out = send_shut.load(std::memory_order_acquire);
  if (error.load(std::memory_order_relaxed)) events |= io::poll_event::error;
  if (has_packets() || no_more_in) events |= in;
  if (no_more_in) events |= read_hang_up;
  if (connection_oriented() && ((no_more_in && no_more_out) || !connected.load(std::memory_order_acquire))) events |= hang_up;
  const ref<unix_endpoint> other = peer();
  if (!other || other->has_room()) events |= out;
  return events;
}

}  // namespace osv::linux_abi
