// virtio-blk (virtio 1.2, 5.2): one queue a CPU where the device has as many, discard, flush, serial number.
#include <cstring>

#include "arch/cpu.hh"
#include "base/failure_injection.hh"
#include "devices/block_device.hh"
#include "devices/virtio/device.hh"
#include "lock/spin_lock.hh"
#include "log/log.hh"
#include "memory/frames.hh"
#include "sched/clock.hh"
#include "sync/wait_queue.hh"
#include "trace/count.hh"
#include "trace/points.hh"

namespace osv::devices::virtio {
namespace {

// Features (5.2.3).
constexpr u64 feature_size_max = 1u << 1, feature_segments_max = 1u << 2, feature_read_only = 1u << 5, feature_flush = 1u << 9,
              feature_multiqueue = 1u << 12, feature_discard = 1u << 13;
// Configuration (5.2.4).
constexpr u32 config_capacity = 0, config_size_max = 8, config_segments_max = 12, config_queues = 34, config_discard_sectors_max = 36;
// Requests (5.2.6).
constexpr u32 type_in = 0, type_out = 1, type_flush = 4, type_get_id = 8, type_discard = 11;
constexpr u8 status_ok = 0, status_unsupported = 2;
constexpr usize serial_size = 20;
constexpr u16 ring_size_wanted = 128;
constexpr usize data_segments_max = 16;

// What the device reads and writes for one request, next to each other in one slot.
struct request_slot {
  u32 type;
  u32 reserved;
  u64 sector;
  u64 discard_sector;  // struct virtio_blk_discard_write_zeroes
  u32 discard_sectors;
  u32 discard_flags;
  u8 serial[serial_size];
  u8 status;
  u8 padding[3];
  block_request* request;  // the driver's own
};
static_assert(sizeof(request_slot) == 64);
constexpr usize slots_per_page = page_size / sizeof(request_slot);

class block final : public block_device {
 public:
  explicit block(unique<transport> t) : transport_(std::move(t)) {}

  result<> start(unsigned index);
  void abandon() { transport_->set_status(0); }

  std::string_view name() const override { return name_; }
  std::string_view serial() const override { return {serial_, serial_length_}; }
  u64 sectors() const override { return sectors_; }
  bool read_only() const override { return read_only_; }
  void submit(block_request& request) override;

 private:
  struct request_queue : osv::pinned {
    lock::irq_spin_lock lock{lock::rank::block_device};
    unique<virtio::queue> queue;
    request_slot* slots = nullptr;
    u16 free[slots_per_page];
    u16 free_count = 0;
    list<block_request, &block_request::hook> waiting;  // for a slot
  };

  result<> add_queue(u16 index, u64 features);
  errc check(const block_request& request) const;
  bool start_request(request_queue& q, block_request& request);
  void on_interrupt(request_queue& q);
  result<> read_serial();
  static void complete(block_request& request, errc outcome);
  void fail_device(const char* why);

  unique<transport> transport_;
  formatted<8> name_{""};
  char serial_[serial_size] = {};
  usize serial_length_ = 0;
  u64 sectors_ = 0;
  bool read_only_ = false;
  bool can_flush_ = false;
  bool can_discard_ = false;
  u32 segment_bytes_max_ = 0;
  u32 segments_max_ = 1;
  u32 discard_sectors_max_ = 0;
  request_queue* queues_[arch::cpus_max] = {};
  unsigned queue_count_ = 0;
  std::atomic<bool> failed_{false};
};

result<> block::start(unsigned index) {
  transport& t = *transport_;
  const u64 features = TRY(negotiate(t, feature_size_max | feature_segments_max | feature_read_only | feature_flush | feature_multiqueue | feature_discard));
  name_ = formatted<8>("vd{}", static_cast<char>('a' + index % 26));
  sectors_ = t.configuration<u64>(config_capacity);
  read_only_ = features & feature_read_only;
  can_flush_ = features & feature_flush;
  can_discard_ = features & feature_discard;
  segment_bytes_max_ = features & feature_size_max ? t.configuration<u32>(config_size_max) : 0x7fff'f000;
  segments_max_ = features & feature_segments_max ? t.configuration<u32>(config_segments_max) : 1;
  if (segments_max_ == 0) segments_max_ = 1;
  if (segments_max_ > data_segments_max) segments_max_ = data_segments_max;
  if (segment_bytes_max_ < sector_size) return fail(errc::invalid);
  segment_bytes_max_ &= ~static_cast<u32>(sector_size - 1);
  if (can_discard_) discard_sectors_max_ = t.configuration<u32>(config_discard_sectors_max);

  unsigned wanted = features & feature_multiqueue ? t.configuration<u16>(config_queues) : 1;
  if (wanted > arch::cpu_count) wanted = arch::cpu_count;
  if (wanted == 0) wanted = 1;
  for (u16 i = 0; i < wanted; ++i) {
    const result<> added = add_queue(i, features);
    if (added.ok()) continue;
    if (i == 0) return added;
    break;  // fewer interrupts than queues: work with what there is
  }
  set_ready(t);
  TRY(read_serial());
  register_block_device(*this);
  log::info("{}: {} MiB, serial \"{}\"{}, {} queue{}, {}", name_, sectors_ / 2048, serial(), read_only_ ? ", read-only" : "", queue_count_,
            queue_count_ == 1 ? "" : "s", t.place());
  return {};
}

result<> block::add_queue(u16 index, u64 features) {
  unique<request_queue> q = TRY(make_unique<request_queue>());
  memory::frame* page = TRY(memory::allocate_zeroed_frame());
  q->slots = page->as<request_slot>();
  for (usize i = 0; i < slots_per_page; ++i) q->free[q->free_count++] = static_cast<u16>(slots_per_page - 1 - i);
  request_queue* raw = q.get();
  const u16 interrupt = TRY(transport_->attach_interrupt(index, [this, raw] { on_interrupt(*raw); }));
  q->queue = TRY(virtio::queue::create(*transport_, index, ring_size_wanted, features, interrupt));
  queues_[queue_count_++] = q.release();
  return {};
}

// The identifier that finds configuration disks; space or NUL padded (5.2.6, VIRTIO_BLK_T_GET_ID).
result<> block::read_serial() {
  sync::wait_queue done;
  std::atomic<bool> finished{false};
  struct context {
    block* self;
    sync::wait_queue* done;
    std::atomic<bool>* finished;
  } c{this, &done, &finished};
  block_request request{.kind = block_request::operation::read, .sector = 0, .data = serial_, .size = 0, .completed = [&c](block_request&, result<>) {
                          c.finished->store(true, std::memory_order_release);
                          c.done->wake();
                        }};
  submit(request);
  if (done.wait([&] { return finished.load(std::memory_order_acquire); }, sched::now() + 10 * second, false) != sync::wait_result::ready) {
    give_up(*transport_, "no answer to the first request");
    return fail(errc::timed_out);
  }
  while (serial_length_ < serial_size && serial_[serial_length_]) ++serial_length_;
  while (serial_length_ && serial_[serial_length_ - 1] == ' ') --serial_length_;
  return {};
}

void block::complete(block_request& request, errc outcome) {
  using enum block_request::operation;
  if (outcome == errc::ok) {
    if (request.kind == read) {
      trace::count(trace::counter::block_reads);
      trace::count(trace::counter::block_read_bytes, request.size);
    } else if (request.kind == write) {
      trace::count(trace::counter::block_writes);
      trace::count(trace::counter::block_written_bytes, request.size);
    } else {
      trace::count(request.kind == flush ? trace::counter::block_flushes : trace::counter::block_discards);
    }
  } else {
    trace::count(trace::counter::block_errors);
  }
  const nanoseconds took = sched::now() - request.submitted_at;
  trace::record(trace::histogram::block_latency, took);
  trace::point::block_complete(request.kind, request.sector, took, outcome);
  request.completed(request, outcome == errc::ok ? result<>() : result<>(fail(outcome)));
}

errc block::check(const block_request& request) const {
  using enum block_request::operation;
  if (request.kind == flush) return errc::ok;
  if (request.size % sector_size) return errc::invalid;
  if (request.sector > sectors_ || request.size / sector_size > sectors_ - request.sector) return errc::io;
  if (read_only_ && request.kind != read) return errc::read_only;
  if (request.kind == discard) return can_discard_ && request.size / sector_size <= discard_sectors_max_ ? errc::ok : errc::not_supported;
  if (request.size > static_cast<u64>(segments_max_) * segment_bytes_max_) return errc::invalid;
  return errc::ok;
}

void block::submit(block_request& request) {
  request.submitted_at = sched::now();
  trace::point::block_submit(request.kind, request.sector, request.size);
  errc bad = inject::fails(inject::point::block_request) ? errc::io : check(request);
  // Without the feature the device writes through (5.2.5.2): there is nothing to flush.
  const bool nothing_to_do = request.kind == block_request::operation::flush && !can_flush_;
  if (bad != errc::ok || nothing_to_do) {
    complete(request, bad);
    return;
  }
  request_queue* q;
  bool notify = false, failed;
  {
    arch::interrupt_guard stay;
    q = queues_[arch::cpu_id() % queue_count_];
    lock::guard guard(q->lock);
    failed = failed_.load(std::memory_order_relaxed);
    if (!failed) {
      if (q->waiting.empty() && start_request(*q, request))
        notify = q->queue->publish();
      else
        q->waiting.push_back(request);
    }
  }
  if (failed)
    complete(request, errc::io);
  else if (notify)
    q->queue->notify();
}

bool block::start_request(request_queue& q, block_request& request) {
  using enum block_request::operation;
  if (q.free_count == 0) return false;
  request_slot& slot = q.slots[q.free[--q.free_count]];
  slot.request = &request;
  slot.sector = request.sector;
  slot.status = 0xff;

  const u64 physical = to_u64(memory::to_physical(&slot));
  segment readable[data_segments_max + 2], writable[data_segments_max + 2];
  usize reads = 0, writes = 0;
  readable[reads++] = {physical, 16};
  const bool get_id = request.kind == read && request.size == 0;
  if (get_id) {
    slot.type = type_get_id;
    writable[writes++] = {physical + offsetof(request_slot, serial), serial_size};
  } else if (request.kind == flush) {
    slot.type = type_flush;
    slot.sector = 0;
  } else if (request.kind == discard) {
    slot.type = type_discard;
    slot.sector = 0;
    slot.discard_sector = request.sector;
    slot.discard_sectors = static_cast<u32>(request.size / sector_size);
    slot.discard_flags = 0;
    readable[reads++] = {physical + offsetof(request_slot, discard_sector), 16};
  } else {
    slot.type = request.kind == read ? type_in : type_out;
    u64 address = to_u64(memory::to_physical(request.data));
    for (usize left = request.size; left;) {
      const u32 n = left < segment_bytes_max_ ? static_cast<u32>(left) : segment_bytes_max_;
      (request.kind == read ? writable[writes++] : readable[reads++]) = {address, n};
      address += n;
      left -= n;
    }
  }
  writable[writes++] = {physical + offsetof(request_slot, status), 1};
  const bool added = q.queue->ring().add({readable, reads}, {writable, writes}, &slot);
  if (!added) q.free[q.free_count++] = static_cast<u16>(&slot - q.slots);
  return added;
}

// Every request in flight ends with EIO, on all queues; later ones too.
void block::fail_device(const char* why) {
  if (failed_.exchange(true)) return;
  log::error("{}: device failed: {}", name_, why);
  // Reset first, so that the device writes into no buffer that is given back.
  transport_->set_status(0);
  for (unsigned i = 0; i < queue_count_; ++i) {
    list<block_request, &block_request::hook> lost;
    {
      lock::guard guard(queues_[i]->lock);
      while (void* token = queues_[i]->queue->ring().reclaim()) lost.push_back(*static_cast<request_slot*>(token)->request);
      lost.splice_back(queues_[i]->waiting);
    }
    while (block_request* request = lost.pop_front()) complete(*request, errc::io);
  }
}

void block::on_interrupt(request_queue& q) {
  bool notify = false;
  for (;;) {
    // A handful at a time: callbacks run without the lock.
    struct {
      block_request* request;
      errc outcome;
    } done[16];
    usize count = 0;
    bool more;
    const char* why = nullptr;
    {
      lock::guard guard(q.lock);
      split_ring& ring = q.queue->ring();
      split_ring::completion c;
      while (count < 16 && ring.take(c)) {
        request_slot& slot = *static_cast<request_slot*>(c.token);
        block_request* request = slot.request;
        if (slot.type == type_get_id && slot.status == status_ok) memcpy(serial_, slot.serial, serial_size);
        done[count++] = {request, slot.status == status_ok ? errc::ok : slot.status == status_unsupported ? errc::not_supported : errc::io};
        q.free[q.free_count++] = static_cast<u16>(&slot - q.slots);
      }
      bool started = false;
      while (!q.waiting.empty() && start_request(q, q.waiting.front())) {
        q.waiting.pop_front();
        started = true;
      }
      if (started) notify |= q.queue->publish();
      why = ring.why();
      more = !why && (count == 16 || !ring.enable_interrupts());
    }
    for (usize i = 0; i < count; ++i) complete(*done[i].request, done[i].outcome);
    if (why) fail_device(why);
    if (!more) break;
  }
  if (notify) q.queue->notify();
}

}  // namespace

result<> start_block_device(unique<transport> t) {
  static unsigned next_index = 0;
  unique<block> device = TRY(make_unique<block>(std::move(t)));
  // Lives for ever, even when it failed: its interrupts are bound to it.
  block& b = *device.release();
  const result<> started = b.start(next_index);
  if (started.ok())
    ++next_index;
  else
    b.abandon();
  return started;
}

}  // namespace osv::devices::virtio
