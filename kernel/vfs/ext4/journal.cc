#include "vfs/ext4/journal.hh"

#include "log/log.hh"
#include "sched/clock.hh"
#include "vfs/ext4/checksum.hh"

namespace osv::vfs::ext4 {

namespace {
constexpr usize uuid_bytes = 16, tail_bytes = 4;
}

journal::~journal() {
  // After close() there is nothing left; after an error what could not be written is given up.
  while (cached_block* b = running_.pop_front()) b->users.fetch_sub(1, std::memory_order_release);
  while (committing_.pop_front()) {
  }
  while (cached_block* b = checkpoint_.pop_front()) b->users.fetch_sub(1, std::memory_order_release);
}

result<unique<journal>> journal::open(disk& on, const geometry& volume, journal_place place, u32 next_sequence) {
  auto made = TRY(osv::make_unique<journal>(on, std::move(place)));
  journal& j = *made;
  TRY(on.read(TRY(j.place_.block(0)) * volume.block_size, &j.super_, sizeof j.super_));
  TRY(check_journal_super(j.super_, j.place_));
  j.first_ = j.super_.first;
  j.place_.blocks = j.super_.blocks;
  // The log is empty here: its features are ours to choose.
  u32 features = journal_feature::revoke;
  if (volume.checksums) features |= journal_feature::checksum_v3;
  if (volume.descriptor_size > short_descriptor_size) features |= journal_feature::bits64;
  j.super_.header.type = static_cast<u32>(journal_block::super_v2);
  j.super_.compatible = 0;
  j.super_.incompatible = features;
  j.super_.checksum_type = volume.checksums ? checksum_crc32c : 0;
  j.super_.error = 0;
  j.seed_ = journal_checksum_seed(j.super_);
  j.sequence_ = next_sequence;
  j.head_ = j.first_;
  constexpr usize operation_limit = 1024;
  j.operation_max_ = j.log_blocks() / 10 < operation_limit ? j.log_blocks() / 10 : operation_limit;
  constexpr usize checkpoint_least = 256;
  j.checkpoint_max_ = memory::statistics().total_bytes / 64 / volume.block_size;
  if (j.checkpoint_max_ < checkpoint_least) j.checkpoint_max_ = checkpoint_least;
  j.staging_ = TRY(buffer<u8>::create(staging_blocks * volume.block_size));
  TRY(j.write_super(j.head_));
  TRY(on.flush());
  return made;
}

usize journal::tags_per_block() const {
  return (place_.block_size - sizeof(journal_header) - uuid_bytes - tail_bytes) / tag_bytes(super_.incompatible);
}

result<> journal::write_super(u32 start) {
  super_.sequence = sequence_;
  super_.start = start;
  super_.checksum = 0;
  if (checksums()) super_.checksum = journal_super_checksum(super_);
  return disk_.write(TRY(place_.block(0)) * place_.block_size, &super_, sizeof super_);
}

result<> journal::join(cached_block& b) {
  if (!b.spare) {
    b.spare = new (std::nothrow) u8[place_.block_size];
    if (!b.spare) return fail(errc::no_memory);
  }
  b.running = true;
  b.users.fetch_add(1, std::memory_order_relaxed);
  running_.push_back(b);
  ++running_count_;
  return {};
}

void journal::leave(cached_block& b) {
  b.running = false;
  b.running_hook.unlink();
  --running_count_;
  b.users.fetch_sub(1, std::memory_order_release);
}

usize journal::take_running() {
  usize taken = 0;
  while (cached_block* b = running_.pop_front()) {
    __builtin_memcpy(b->spare, b->data, place_.block_size);
    std::swap(b->committed, b->spare);
    delete[] std::exchange(b->spare, nullptr);
    b->running = false;
    committing_.push_back(*b);
    // One pin is enough.
    if (b->checkpoint_hook.is_linked()) {
      b->users.fetch_sub(1, std::memory_order_release);
    } else {
      checkpoint_.push_back(*b);
      ++checkpoint_count_;
    }
    ++taken;
  }
  running_count_ = 0;
  return taken;
}

result<u8*> journal::stage() {
  if (staged_ == staging_blocks) TRY(send_staged());
  if (!staged_) staged_from_ = head_;
  u8* at = staging_.data() + staged_++ * place_.block_size;
  __builtin_memset(at, 0, place_.block_size);
  head_ = next_index(head_);
  ++used_;
  return at;
}

result<> journal::send_staged() {
  u32 index = staged_from_;
  for (usize i = 0; i < staged_;) {
    const u64 block = TRY(place_.block(index));
    usize run = 1;
    index = next_index(index);
    for (; i + run < staged_ && TRY(place_.block(index)) == block + run; ++run) index = next_index(index);
    TRY(disk_.write(block * place_.block_size, staging_.data() + i * place_.block_size, run * place_.block_size));
    i += run;
  }
  staged_ = 0;
  return {};
}

void journal::put_tag(u8* at, const cached_block& b, const u8* logged, u32 flags) const {
  if (!checksums()) {
    auto& tag = *reinterpret_cast<journal_tag*>(at);
    tag.block_low = static_cast<u32>(b.number);
    tag.flags = static_cast<u16>(flags);
    if (super_.incompatible & journal_feature::bits64) tag.block_high = static_cast<u32>(b.number >> 32);
    return;
  }
  const be32 number = sequence_;
  const u32 checksum = crc32c(crc32c(seed_, &number, sizeof number), logged, place_.block_size);
  auto& tag = *reinterpret_cast<journal_tag3*>(at);
  tag.block_low = static_cast<u32>(b.number);
  tag.block_high = static_cast<u32>(b.number >> 32);
  tag.flags = flags;
  tag.checksum = checksum;
}

/// One descriptor and the blocks that it names, from `from` on, which moves on.
result<> journal::write_descriptor(cached_block*& from) {
  // The descriptor is staged with its blocks: everything fits, as the stage is emptied first.
  static_assert(staging_blocks > 8);
  usize count = 0;
  const usize per_block = blocks_per_descriptor();
  TRY(send_staged());
  u8* descriptor = TRY(stage());
  auto& header = *reinterpret_cast<journal_header*>(descriptor);
  header.magic = journal_magic;
  header.type = static_cast<u32>(journal_block::descriptor);
  header.sequence = sequence_;
  u8* tag = descriptor + sizeof header;
  while (from && count < per_block) {
    cached_block& b = *from;
    b.commit_hook.unlink();
    from = committing_.empty() ? nullptr : &committing_.front();
    u8* logged = TRY(stage());
    __builtin_memcpy(logged, b.committed, place_.block_size);
    u32 flags = count ? tag_flag::same_uuid : 0;
    if (auto& first = *reinterpret_cast<be32*>(logged); first == journal_magic) {
      first = 0;
      flags |= tag_flag::escaped;
    }
    if (!from || count + 1 == per_block) flags |= tag_flag::last;
    put_tag(tag, b, logged, flags);
    tag += tag_bytes(super_.incompatible);
    if (!count) {
      __builtin_memcpy(tag, super_.uuid, uuid_bytes);
      tag += uuid_bytes;
    }
    ++count;
  }
  if (checksums()) {
    auto& tail = *reinterpret_cast<be32*>(descriptor + place_.block_size - tail_bytes);
    tail = crc32c(seed_, descriptor, place_.block_size);
  }
  return {};
}

result<> journal::write_commit_record() {
  u8* at = TRY(stage());
  auto& record = *reinterpret_cast<journal_commit*>(at);
  record.header.magic = journal_magic;
  record.header.type = static_cast<u32>(journal_block::commit);
  record.header.sequence = sequence_;
  const nanoseconds now = sched::realtime();
  record.seconds = static_cast<u64>(now / second);
  record.nanoseconds = static_cast<u32>(now % second);
  if (checksums()) record.checksum[0] = crc32c(seed_, at, place_.block_size);
  return send_staged();
}

result<> journal::write_log() {
  cached_block* from = committing_.empty() ? nullptr : &committing_.front();
  while (from) TRY(write_descriptor(from));
  TRY(send_staged());
  TRY(disk_.flush());
  TRY(write_commit_record());
  return disk_.flush();
}

result<> journal::write() {
  if (dead_) return fail(errc::io);
  auto written = write_log();
  if (!written.ok()) {
    dead_ = true;
    return fail(errc::io);
  }
  ++sequence_;
  return {};
}

/// Copies of blocks to their places, many at once.
result<> journal::write_places() {
  disk::piece pieces[disk::pieces_max];
  usize count = 0;
  for (cached_block& b : checkpoint_) {
    pieces[count++] = {b.number * place_.block_size, b.committed, place_.block_size};
    if (count < disk::pieces_max) continue;
    TRY(disk_.write(pieces, count));
    count = 0;
  }
  if (count) TRY(disk_.write(pieces, count));
  return disk_.flush();
}

result<> journal::checkpoint() {
  if (dead_) return fail(errc::io);
  if (!used_ && checkpoint_.empty()) return {};
  auto outcome = write_places();
  if (outcome.ok()) outcome = write_super(head_);
  if (outcome.ok()) outcome = disk_.flush();
  if (!outcome.ok()) {
    dead_ = true;
    return fail(errc::io);
  }
  while (cached_block* b = checkpoint_.pop_front()) {
    delete[] std::exchange(b->committed, nullptr);
    b->users.fetch_sub(1, std::memory_order_release);
  }
  used_ = checkpoint_count_ = 0;
  return {};
}

result<> journal::close() {
  TRY(checkpoint());
  TRY(write_super(0));
  return disk_.flush();
}

}  // namespace osv::vfs::ext4
