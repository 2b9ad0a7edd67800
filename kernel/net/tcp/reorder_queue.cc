#include "net/tcp/reorder_queue.hh"

namespace osv::net::tcp {

bool merge_payload(io::packet& into, const io::packet& from) {
  if (into.fragment_count() || from.size() > into.tailroom()) return false;
  from.copy_out(0, into.append(from.size()), from.size());
  return true;
}

void reorder_queue::append(io::packet& range, io::packet& tail_first, io::packet& tail_last, u32 end) {
  io::packet* last = last_of(range);
  if (&tail_first == &tail_last && merge_payload(*last, tail_first)) {
    memory_ -= tail_first.memory_size();
    --count_;
    delete &tail_first;
  } else {
    last->control[3] = reinterpret_cast<u64>(&tail_first);
    range.control[2] = reinterpret_cast<u64>(&tail_last);
  }
  range.control[1] = end;
}

reorder_queue::outcome reorder_queue::insert(unique<io::packet> packet, u32 sequence) {
  u32 end = sequence + static_cast<u32>(packet->size());
  outcome result{{sequence, end}, {0, 0}};
  // The first range that ends at or after our start: the only one that may hold our start or lead up to it.
  io::packet* range = ranges_.find_first([&](const io::packet& r) { return !before(range_end(r), sequence); });
  if (range && !after(start_of(*range), sequence) && after(range_end(*range), sequence)) {
    if (!after(end, range_end(*range))) return {{start_of(*range), range_end(*range)}, {sequence, end}};
    result.duplicate = {sequence, range_end(*range)};
    packet->consume(range_end(*range) - sequence);
    sequence = range_end(*range);
  }
  // Ranges that we cover wholly go; one that we run into keeps its bytes and ours are cut.
  io::packet* following = range && !after(start_of(*range), sequence) ? ranges_.next(*range) : range;
  while (following && before(start_of(*following), end)) {
    if (after(range_end(*following), end)) {
      result.duplicate = {start_of(*following), end};
      packet->trim(start_of(*following) - sequence);
      end = start_of(*following);
      break;
    }
    result.duplicate = {start_of(*following), range_end(*following)};
    io::packet* gone = following;
    following = ranges_.next(*following);
    ranges_.erase(*gone);
    while (gone) {
      io::packet* next = next_of(*gone);
      memory_ -= gone->memory_size();
      --count_;
      delete gone;
      gone = next;
    }
  }
  io::packet& added = *packet.release();
  added.control[0] = sequence;
  added.control[1] = end;
  added.control[2] = reinterpret_cast<u64>(&added);
  added.control[3] = 0;
  memory_ += added.memory_size();
  ++count_;
  io::packet* home;
  if (range && range_end(*range) == sequence && before(start_of(*range), sequence)) {
    append(*range, added, added, end);
    home = range;
  } else {
    ranges_.insert(added);
    home = &added;
  }
  if (following && start_of(*following) == end) {
    io::packet* last = last_of(*following);
    const u32 range_stop = range_end(*following);
    ranges_.erase(*following);
    append(*home, *following, *last, range_stop);
  }
  result.range = {start_of(*home), range_end(*home)};
  return result;
}

unique<io::packet> reorder_queue::take(u32 next) {
  for (;;) {
    io::packet* first = ranges_.first();
    if (!first || after(start_of(*first), next)) return nullptr;
    ranges_.erase(*first);
    if (io::packet* second = next_of(*first)) {
      second->control[1] = first->control[1];
      second->control[2] = first->control[2];
      ranges_.insert(*second);
    }
    memory_ -= first->memory_size();
    --count_;
    unique<io::packet> packet(first);
    const u32 known = next - start_of(*packet);
    if (known >= packet->size()) continue;
    packet->consume(known);
    return packet;
  }
}

void reorder_queue::drop_last() {
  io::packet* range = ranges_.last();
  if (!range) return;
  ranges_.erase(*range);
  while (range) {
    io::packet* next = next_of(*range);
    memory_ -= range->memory_size();
    --count_;
    delete range;
    range = next;
  }
}

void reorder_queue::clear() {
  while (count_) drop_last();
}

unsigned reorder_queue::blocks(sack_block (&into)[4], u32 recent) {
  unsigned n = 0;
  io::packet* first = ranges_.find_first([&](const io::packet& r) { return after(range_end(r), recent); });
  if (first && after(start_of(*first), recent)) first = nullptr;
  if (first) into[n++] = {start_of(*first), range_end(*first)};
  // The highest ranges next: those were reported least often. At most four steps.
  for (io::packet* r = ranges_.last(); r && n < 4; r = ranges_.previous(*r))
    if (r != first) into[n++] = {start_of(*r), range_end(*r)};
  return n;
}

}  // namespace osv::net::tcp
