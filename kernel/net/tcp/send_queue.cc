#include "net/tcp/send_queue.hh"

namespace osv::net::tcp {

void send_queue::reset(u32 start) {
  clear();
  begin_ = end_ = start;
}

void send_queue::clear() {
  for (usize i = 0; i < count_; ++i) memory::release(*at(i).page);
  delete[] ring_;
  ring_ = nullptr;
  capacity_ = first_ = count_ = 0;
  begin_ = end_;
}

result<> send_queue::grow() {
  const u32 capacity = capacity_ ? capacity_ * 2 : 4;
  piece* ring = new (std::nothrow) piece[capacity];
  if (!ring) return fail(errc::no_memory);
  for (usize i = 0; i < count_; ++i) ring[i] = at(i);
  delete[] ring_;
  ring_ = ring;
  capacity_ = capacity;
  first_ = 0;
  return {};
}

result<> send_queue::push(const page_piece& p) {
  if (count_) {
    piece& last = at(count_ - 1);
    if (last.page == p.page && last.offset + last.length == p.offset) {
      last.length += p.length;
      end_ += p.length;
      memory::release(*p.page);
      return {};
    }
  }
  if (count_ == capacity_) TRY(grow());
  at(count_++) = {p.page, p.offset, p.length, end_};
  end_ += p.length;
  return {};
}

result<usize> send_queue::append(io::cursor& from, usize size_max) {
  usize done = 0;
  if (size_max > from.remaining()) size_max = from.remaining();
  while (done < size_max) {
    auto reserved = reserve_piece(size_max - done);
    if (!reserved.ok()) {
      if (done) return done;
      return fail(reserved.error());
    }
    page_piece p = reserved.value();
    const auto copied = from.take(p.page->as<u8>() + p.offset, p.length);
    const u32 wanted = p.length;
    p.length = copied.ok() ? static_cast<u32>(copied.value()) : 0;
    const auto pushed = p.length ? push(p) : result<>(fail(errc::fault));
    if (!pushed.ok()) {
      memory::release(*p.page);
      if (done) return done;
      return fail(copied.ok() ? pushed.error() : copied.error());
    }
    done += p.length;
    if (p.length < wanted) break;  // the program's memory ends here
  }
  return done;
}

result<> send_queue::append_piece(const page_piece& p) { return push(p); }

void send_queue::acknowledge(u32 sequence) {
  while (count_) {
    piece& p = at(0);
    if (!after(sequence, p.sequence)) break;
    const u32 cut = sequence - p.sequence;
    if (cut < p.length) {
      p.sequence += cut;
      p.offset += cut;
      p.length -= cut;
      break;
    }
    memory::release(*p.page);
    first_ = (first_ + 1) & (capacity_ - 1);
    --count_;
  }
  begin_ = earliest(sequence, end_);
}

usize send_queue::find(u32 sequence) const {
  usize low = 0, high = count_;
  while (high - low > 1) {
    const usize middle = (low + high) / 2;
    if (after(at(middle).sequence, sequence))
      high = middle;
    else
      low = middle;
  }
  return low;
}

usize send_queue::fill(io::packet& into, u32 sequence, usize length) const {
  if (!count_ || before(sequence, begin_)) return 0;
  usize done = 0;
  const bool copy = length <= copy_max && length <= into.tailroom();
  for (usize i = find(sequence); i < count_ && done < length; ++i) {
    const piece& p = at(i);
    const u32 skip = sequence + static_cast<u32>(done) - p.sequence;
    if (skip >= p.length) break;
    u32 n = p.length - skip;
    if (n > length - done) n = static_cast<u32>(length - done);
    if (copy) {
      __builtin_memcpy(into.append(n), p.page->as<u8>() + p.offset + skip, n);
    } else {
      memory::retain(*p.page);
      if (!into.add_fragment(p.page, p.offset + skip, n)) {
        memory::release(*p.page);
        break;
      }
    }
    done += n;
  }
  return done;
}

}  // namespace osv::net::tcp
