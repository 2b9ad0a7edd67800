#include "net/tcp/scoreboard.hh"

namespace osv::net::tcp {

sent_record* scoreboard::make() {
  if (sent_record* r = spare_) {
    spare_ = nullptr;
    *r = sent_record{};
    return r;
  }
  return new (std::nothrow) sent_record;
}

void scoreboard::drop(sent_record& r) {
  records_.erase(r);
  if (!spare_)
    spare_ = &r;
  else
    delete &r;
}

void scoreboard::clear() {
  while (sent_record* r = records_.first()) {
    leave_list(*r);
    records_.erase(*r);
    delete r;
  }
  delete spare_;
  spare_ = nullptr;
  in_flight_bytes_ = lost_bytes_ = sacked_bytes_ = 0;
  any_delivered_ = reordering_seen = false;
  rack_sent_at_ = 0;
  rack_round_trip_ = lateness = 0;
  minimum_round_trip = never;
}

void scoreboard::leave_list(sent_record& r) {
  const u32 size = r.end - r.start;
  if (r.sacked) {
    sacked_bytes_ -= size;
    return;
  }
  (r.lost ? lost_bytes_ : in_flight_bytes_) -= size;
  r.by_time.unlink();
}

result<> scoreboard::sent(u32 start, u32 end, nanoseconds time) {
  sent_record* r = make();
  if (!r) return fail(errc::no_memory);
  r->start = start;
  r->end = end;
  r->sent_at = r->first_sent_at = time;
  records_.insert(*r);
  in_flight_list_.push_back(*r);
  in_flight_bytes_ += end - start;
  return {};
}

result<> scoreboard::split(sent_record& r, u32 at) {
  if (!after(r.end, at) || !after(at, r.start)) return {};
  sent_record* rest = make();
  if (!rest) return fail(errc::no_memory);
  rest->start = at;
  rest->end = r.end;
  rest->sent_at = r.sent_at;
  rest->first_sent_at = r.first_sent_at;
  rest->sacked = r.sacked;
  rest->lost = r.lost;
  rest->resent = r.resent;
  r.end = at;
  records_.insert(*rest);
  if (!r.sacked) {
    // Right behind r in its list.
    list_hook* hook = r.by_time.next;
    rest->by_time.previous = &r.by_time;
    rest->by_time.next = hook;
    r.by_time.next = &rest->by_time;
    hook->previous = &rest->by_time;
  }
  return {};
}

void scoreboard::resent(sent_record& r, nanoseconds time) {
  leave_list(r);
  r.lost = false;
  r.resent = true;
  r.sent_at = time;
  in_flight_list_.push_back(r);
  in_flight_bytes_ += r.end - r.start;
}

/// RFC 8985 §6.2, steps 1 to 3: the newest transmission that is known to have arrived.
void scoreboard::delivered(sent_record& r, nanoseconds time, delivery& d) {
  const nanoseconds sample = time - r.sent_at;
  if (r.lost && !r.resent) d.lost_recovered = true;
  if (!r.resent) {
    if (sample >= 0 && (d.round_trip < 0 || sample < d.round_trip)) d.round_trip = sample;
    if (sample >= 0 && sample < minimum_round_trip) minimum_round_trip = sample;
    if (any_delivered_ && before(r.end, highest_delivered_)) note_late(sample);
  } else if (sample < minimum_round_trip) {
    return;  // the acknowledgement is of the first transmission
  }
  if (!any_delivered_ || after(r.end, highest_delivered_)) highest_delivered_ = r.end;
  any_delivered_ = true;
  if (sent_after(r.sent_at, r.end, rack_sent_at_, rack_end_)) {
    rack_sent_at_ = r.sent_at;
    rack_end_ = r.end;
    rack_round_trip_ = sample;
  }
}

void scoreboard::acknowledge(u32 una, nanoseconds time, delivery& d) {
  if (const sent_record* r = records_.first(); r && r->resent && !r->sacked) {
    d.first_resent = true;
    d.first_resent_at = r->sent_at;
    d.first_sent_at = r->first_sent_at;
  }
  while (sent_record* r = records_.first()) {
    if (!after(una, r->start)) break;
    if (before(una, r->end)) {
      // Part of a record: the acknowledged part goes, the rest stays as it is.
      const u32 cut = una - r->start;
      if (!r->sacked) {
        d.acknowledged += cut;
        (r->lost ? lost_bytes_ : in_flight_bytes_) -= cut;
      } else {
        sacked_bytes_ -= cut;
      }
      r->start = una;
      break;
    }
    if (!r->sacked) {
      d.acknowledged += r->end - r->start;
      delivered(*r, time, d);
    }
    leave_list(*r);
    drop(*r);
  }
}

void scoreboard::sack(const sack_block& block, nanoseconds time, delivery& d) {
  sent_record* r = find(block.start);
  while (r && before(r->start, block.end)) {
    if (r->sacked) {
      r = records_.next(*r);
      continue;
    }
    if (before(r->start, block.start)) {
      if (!split(*r, block.start).ok()) return;
      r = records_.next(*r);
      continue;
    }
    if (after(r->end, block.end) && !split(*r, block.end).ok()) return;
    delivered(*r, time, d);
    leave_list(*r);
    r->sacked = true;
    r->lost = false;
    sacked_bytes_ += r->end - r->start;
    d.sacked += r->end - r->start;
    if (sent_record* previous = records_.previous(*r); previous && previous->sacked && previous->end == r->start) {
      const u32 end = r->end;
      drop(*r);
      previous->end = end;
      r = previous;
    }
    if (sent_record* next = records_.next(*r); next && next->sacked && next->start == r->end) {
      const u32 end = next->end;
      drop(*next);
      r->end = end;
    }
    r = records_.next(*r);
  }
}

nanoseconds scoreboard::detect_losses(nanoseconds time, nanoseconds reorder_window, bool& found) {
  if (!any_delivered_) return 0;
  nanoseconds wait = 0;
  for (sent_record& r : in_flight_list_) {
    if (!sent_after(rack_sent_at_, rack_end_, r.sent_at, r.end)) {
      if (r.sent_at > rack_sent_at_) break;
      continue;
    }
    const nanoseconds remaining = r.sent_at + rack_round_trip_ + reorder_window - time;
    if (remaining > 0) {
      wait = remaining;  // records behind were sent later and wait longer
      break;
    }
    leave_list(r);
    r.lost = true;
    lost_bytes_ += r.end - r.start;
    lost_list_.push_back(r);
    found = true;
  }
  return wait;
}

void scoreboard::mark_first_lost(u32 mss) {
  sent_record* r = records_.first();
  if (!r || r->lost || r->sacked) return;
  if (r->end - r->start > mss) (void)split(*r, r->start + mss);
  leave_list(*r);
  r->lost = true;
  lost_bytes_ += r->end - r->start;
  lost_list_.push_front(*r);
}

void scoreboard::mark_all_lost(bool forget_sacks, nanoseconds sent_before) {
  // The lost list is built anew, by sequence.
  for (sent_record* r = records_.first(); r; r = records_.next(*r)) {
    if (r->sacked && !forget_sacks) continue;
    if (!r->lost && !r->sacked && r->sent_at > sent_before && r != records_.first()) continue;
    leave_list(*r);
    r->sacked = false;
    r->lost = true;
    lost_bytes_ += r->end - r->start;
    lost_list_.push_back(*r);
  }
}

void scoreboard::unmark_lost() {
  // One pass as a rule: the lost list is mostly by time, too.
  auto place = in_flight_list_.begin();
  nanoseconds last = 0;
  for (sent_record& r : lost_list_) {
    if (r.resent) continue;
    if (r.sent_at < last) place = in_flight_list_.begin();
    last = r.sent_at;
    while (place != in_flight_list_.end() && !sent_after(place->sent_at, place->end, r.sent_at, r.end)) ++place;
    leave_list(r);
    r.lost = false;
    in_flight_bytes_ += r.end - r.start;
    if (place != in_flight_list_.end())
      in_flight_list_.insert_before(*place, r);
    else
      in_flight_list_.push_back(r);
  }
}

}  // namespace osv::net::tcp
