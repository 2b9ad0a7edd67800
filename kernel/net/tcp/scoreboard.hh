// What is on the way: one record for each run of bytes sent together, with its time. SACK marks, and RACK loss detection
// (RFC 8985). Sacked neighbours merge, so an acknowledgement costs O(log n + what is new in it), whatever the peer's blocks.
#pragma once

#include "base/list.hh"
#include "base/memory.hh"
#include "base/tree.hh"
#include "net/tcp/segment.hh"

namespace osv::net::tcp {

struct sent_record {
  tree_hook by_sequence;
  list_hook by_time;       // in the in-flight or the lost list, neither when sacked
  u32 start = 0, end = 0;
  nanoseconds sent_at = 0;        // last
  nanoseconds first_sent_at = 0;
  bool sacked = false;
  bool lost = false;
  bool resent = false;     // sent more than once: no RTT sample (Karn)
};

/// What an acknowledgement brought.
struct delivery {
  u32 acknowledged = 0;       // bytes newly covered by the cumulative acknowledgement
  u32 sacked = 0;             // bytes newly covered by SACK blocks
  nanoseconds round_trip = -1;  // sample of never resent data; -1: none
  bool lost_recovered = false;  // data marked lost came through without being sent again
  bool first_resent = false;    // the oldest outstanding bytes, sent again, are now acknowledged
  nanoseconds first_resent_at = 0, first_sent_at = 0;  // when they were sent last, and first
  u32 duplicates = 0;           // bytes that a D-SACK says came twice
};

class scoreboard : pinned {
 public:
  ~scoreboard() { clear(); }

  void clear();
  bool empty() { return records_.empty(); }
  u64 in_flight() const { return in_flight_bytes_; }
  u64 lost() const { return lost_bytes_; }
  u64 sacked() const { return sacked_bytes_; }
  u32 sacked_segments(u32 mss) const { return static_cast<u32>((sacked_bytes_ + mss - 1) / mss); }

  /// Notes a transmission of new bytes. ENOMEM.
  result<> sent(u32 start, u32 end, nanoseconds time);
  /// The oldest record that is to be sent again, or nullptr.
  sent_record* first_lost() { return lost_list_.empty() ? nullptr : &lost_list_.front(); }
  sent_record* first() { return records_.first(); }
  sent_record* last() { return records_.last(); }
  /// Cuts `r` so that it ends at `at`; the rest becomes a record of the same kind. ENOMEM leaves it whole.
  result<> split(sent_record& r, u32 at);
  void resent(sent_record& r, nanoseconds time);

  void acknowledge(u32 una, nanoseconds time, delivery& d);
  void sack(const sack_block& block, nanoseconds time, delivery& d);
  /// Marks what RACK takes for lost. Returns the time until the next look, 0 if none is needed.
  nanoseconds detect_losses(nanoseconds time, nanoseconds reorder_window, bool& found);
  /// Marks the first unacknowledged record lost (no SACK: RFC 6582).
  void mark_first_lost(u32 mss);
  /// Time-out: the first record, and what else is not sacked and was sent before `sent_before`, counts as lost (RFC 8985 §6.3).
  /// `forget_sacks`: the peer has reneged.
  void mark_all_lost(bool forget_sacks, nanoseconds sent_before);
  /// The losses were none: what was not sent again is in flight after all.
  void unmark_lost();

  // RACK.* of RFC 8985 §5.2
  bool reordering_seen = false;
  nanoseconds minimum_round_trip = never;
  /// How much later than RACK would have waited for it without a reordering window an overtaken original came at most.
  nanoseconds lateness = 0;
  /// A resent record turned out to have arrived by its first transmission, which was sent at `first_sent_at`.
  void original_arrived(nanoseconds first_sent_at, nanoseconds time) { note_late(time - first_sent_at); }
  nanoseconds recent_round_trip() const { return rack_round_trip_; }
  nanoseconds newest_sent_at() const { return rack_sent_at_; }

 private:
  struct lower {
    bool operator()(const sent_record& a, const sent_record& b) const { return before(a.start, b.start); }
  };
  static bool sent_after(nanoseconds t1, u32 end1, nanoseconds t2, u32 end2) { return t1 > t2 || (t1 == t2 && after(end1, end2)); }
  sent_record* make();
  void drop(sent_record& r);
  void leave_list(sent_record& r);
  void delivered(sent_record& r, nanoseconds time, delivery& d);
  void note_late(nanoseconds sample) {
    reordering_seen = true;
    if (sample - rack_round_trip_ > lateness) lateness = sample - rack_round_trip_;
  }
  sent_record* find(u32 sequence) {
    return records_.find_first([&](const sent_record& r) { return after(r.end, sequence); });
  }

  tree<sent_record, &sent_record::by_sequence, lower> records_;
  list<sent_record, &sent_record::by_time> in_flight_list_;  // by sent_at
  list<sent_record, &sent_record::by_time> lost_list_;       // as found: by sequence mostly
  sent_record* spare_ = nullptr;
  u64 in_flight_bytes_ = 0, lost_bytes_ = 0, sacked_bytes_ = 0;
  u32 highest_delivered_ = 0;
  bool any_delivered_ = false;
  nanoseconds rack_sent_at_ = 0;
  u32 rack_end_ = 0;
  nanoseconds rack_round_trip_ = 0;
};

}  // namespace osv::net::tcp
