// Between the program's memory and the queues; buffer sizes that follow the flow.
#include "net/tcp/connection.hh"

namespace osv::net::tcp {

result<usize> connection::append(io::cursor& from, bool more) {
  const u32 limit = send_limit();
  const usize used = send_.memory();
  usize room = limit > used ? limit - used : 0;
  // Little memory for all: everybody may still have one segment under way.
  if (stack_.tcp_bytes.load(std::memory_order_relaxed) > stack_.bounds.tcp_bytes_max) room = send_.size() < mss_ ? mss_ : 0;
  if (room == 0) return fail(errc::again);
  const usize n = TRY(send_.append(from, room));
  dirty_ = true;
  more_coming_ = more;
  return n;
}

result<usize> connection::read(io::cursor* into, usize size, bool peek, usize peek_offset) {
  if (received_bytes_ <= peek_offset) return fail(errc::again);
  usize done = 0, skip = peek_offset;
  while (done < size) {
    if (received_.empty()) break;
    io::packet* p = nullptr;
    if (!peek) {
      p = &received_.front();
    } else {
      for (io::packet& candidate : received_) {
        if (skip < candidate.size()) {
          p = &candidate;
          break;
        }
        skip -= candidate.size();
      }
      if (!p) break;
    }
    usize n = p->size() - skip;
    if (n > size - done) n = size - done;
    usize copied = n;
    if (into) {
      auto put = copy_to(*into, *p, skip, n);
      if (!put.ok()) {
        if (done) break;
        return fail(put.error());
      }
      copied = put.value();
    }
    done += copied;
    if (peek) {
      skip = peek_offset + done;
    } else if (copied == p->size()) {
      received_memory_ -= p->memory_size();
      received_.pop_front();
      delete p;
    } else {
      received_memory_ -= p->memory_size();
      p->consume(copied);
      received_memory_ += p->memory_size();
    }
    if (copied < n) break;  // the program's memory ends here
  }
  if (peek) return done;
  received_bytes_ -= static_cast<u32>(done);
  read_ = dirty_ = true;
  grow_receive_buffer(static_cast<u32>(done));
  return done;
}

result<usize> connection::copy_to(io::cursor& into, const io::packet& p, usize offset, usize n) {
  usize done = 0;
  const auto put = [&](const u8* data, usize size) -> result<bool> {
    auto copied = into.put(data, size);
    if (!copied.ok()) {
      if (done) return false;
      return fail(copied.error());
    }
    done += copied.value();
    return copied.value() == size;
  };
  if (offset < p.linear()) {
    const usize part = n < p.linear() - offset ? n : p.linear() - offset;
    if (!TRY(put(p.data() + offset, part))) return done;
    offset = 0;
    n -= part;
  } else {
    offset -= p.linear();
  }
  for (usize i = 0; i < p.fragment_count() && n; ++i) {
    const io::packet_fragment& f = p.fragment(i);
    if (offset >= f.length) {
      offset -= f.length;
      continue;
    }
    const usize part = n < f.length - offset ? n : f.length - offset;
    if (!TRY(put(f.page->as<u8>() + f.offset + offset, part))) return done;
    offset = 0;
    n -= part;
  }
  return done;
}

/// Dynamic right-sizing: the buffer holds what the program reads in two round trips, so that the window never stops the sender.
void connection::grow_receive_buffer(u32 read) {
  tune_bytes_ += read;
  if (options.receive_buffer_fixed || options.receive_buffer >= receive_buffer_max) return;
  if (tune_bytes_ < options.receive_buffer / 4) return;
  const nanoseconds time = clock();
  nanoseconds span = round_trip_.known() ? round_trip_.smoothed() : 10 * millisecond;
  if (span < millisecond) span = millisecond;
  if (time - tune_started_ < span) {
    if (tune_bytes_ < options.receive_buffer) return;
  } else if (time - tune_started_ > 4 * span && tune_bytes_ < options.receive_buffer) {
    tune_started_ = time;
    tune_bytes_ = 0;
    return;
  }
  const u64 wanted = 2ull * tune_bytes_ + 16ull * mss_;
  if (wanted > options.receive_buffer) options.receive_buffer = wanted > receive_buffer_max ? receive_buffer_max : static_cast<u32>(wanted);
  tune_started_ = time;
  tune_bytes_ = 0;
}

}  // namespace osv::net::tcp
