// Reading the log after a crash: find its committed end, collect what was revoked, write the rest to its places.
#include "base/tree.hh"
#include "log/log.hh"
#include "vfs/ext4/checksum.hh"
#include "vfs/ext4/journal.hh"

namespace osv::vfs::ext4 {

namespace {

constexpr usize uuid_bytes = 16, tail_bytes = 4;

/// Sequence numbers wrap.
bool is_after(u32 a, u32 b) { return static_cast<i32>(a - b) > 0; }

class replayer : pinned {
 public:
  replayer(disk& on, const journal_place& place, const geometry& volume) : disk_(on), place_(place), volume_(volume) {}
  ~replayer() {
    while (revoked* r = revoked_.first()) {
      revoked_.erase(*r);
      delete r;
    }
  }
  result<> run(u32& next_sequence);

 private:
  enum class pass { find_end, collect_revoked, write };
  struct revoked {
    tree_hook hook;
    u64 block;
    u32 sequence;
  };
  struct by_block {
    bool operator()(const revoked& a, const revoked& b) const { return a.block < b.block; }
  };

  result<> walk(pass p);
  result<bool> one_block(pass p, u32& index, u32& sequence);
  result<> descriptor(pass p, u32& index, u32 sequence);
  result<> replay_block(const journal_tag3& tag, u64 block, u32 log_index, u32 sequence, u32 flags, u32 short_checksum);
  result<> revoke_block(u32 sequence);
  bool is_revoked(u64 block, u32 sequence);
  bool checksums() const { return features_ & (journal_feature::checksum_v2 | journal_feature::checksum_v3); }
  bool tail_good();
  bool commit_good();
  u32 next(u32 index) const { return index + 1 >= blocks_ ? first_ : index + 1; }
  result<> read(u32 index, u8* into) { return disk_.read(TRY(place_.block(index)) * place_.block_size, into, place_.block_size); }

  disk& disk_;
  const journal_place& place_;
  const geometry& volume_;
  journal_super super_;
  buffer<u8> head_, data_;
  u32 features_ = 0, seed_ = 0, blocks_ = 0, first_ = 0, end_sequence_ = 0;
  u32 visited_ = 0;
  tree<revoked, &revoked::hook, by_block> revoked_;
};

bool replayer::tail_good() {
  if (!checksums()) return true;
  auto& tail = *reinterpret_cast<be32*>(head_.data() + place_.block_size - tail_bytes);
  const u32 kept = tail;
  tail = 0;
  const bool good = crc32c(seed_, head_.data(), place_.block_size) == kept;
  tail = kept;
  return good;
}

bool replayer::commit_good() {
  if (!checksums()) return true;
  auto& sum = reinterpret_cast<journal_commit*>(head_.data())->checksum[0];
  const u32 kept = sum;
  sum = 0;
  const bool good = crc32c(seed_, head_.data(), place_.block_size) == kept;
  sum = kept;
  return good;
}

bool replayer::is_revoked(u64 block, u32 sequence) {
  revoked* r = revoked_.find_first([&](const revoked& at) { return at.block >= block; });
  return r && r->block == block && !is_after(sequence, r->sequence);
}

result<> replayer::revoke_block(u32 sequence) {
  const usize record = features_ & journal_feature::bits64 ? 8 : 4;
  const usize bytes = reinterpret_cast<journal_revoke*>(head_.data())->bytes;
  if (bytes < sizeof(journal_revoke) || bytes > place_.block_size) return fail(errc::corrupt);
  for (usize at = sizeof(journal_revoke); at + record <= bytes; at += record) {
    const u8* p = head_.data() + at;
    const u64 block = record == 8 ? static_cast<u64>(*reinterpret_cast<const be64*>(p)) : static_cast<u32>(*reinterpret_cast<const be32*>(p));
    revoked* r = revoked_.find_first([&](const revoked& known) { return known.block >= block; });
    if (r && r->block == block) {
      if (is_after(sequence, r->sequence)) r->sequence = sequence;
      continue;
    }
    auto made = TRY(osv::make_unique<revoked>());
    made->block = block;
    made->sequence = sequence;
    revoked_.insert(*made.release());
  }
  return {};
}

result<> replayer::replay_block(const journal_tag3& tag, u64 block, u32 log_index, u32 sequence, u32 flags, u32 short_checksum) {
  TRY(read(log_index, data_.data()));
  const be32 number = sequence;
  if (checksums()) {
    const u32 sum = crc32c(crc32c(seed_, &number, sizeof number), data_.data(), place_.block_size);
    const bool good = features_ & journal_feature::checksum_v3 ? sum == tag.checksum : (sum & 0xffff) == short_checksum;
    if (!good) return fail(errc::corrupt);
  }
  if (is_revoked(block, sequence)) return {};
  if (flags & tag_flag::escaped) *reinterpret_cast<be32*>(data_.data()) = journal_magic;
  return disk_.write(block * place_.block_size, data_.data(), place_.block_size);
}

/// The blocks that a descriptor names; `index` moves behind them.
result<> replayer::descriptor(pass p, u32& index, u32 sequence) {
  const usize size = tag_bytes(features_);
  const usize end = place_.block_size - (checksums() ? tail_bytes : 0);
  for (usize at = sizeof(journal_header); at + size <= end;) {
    journal_tag3 tag{};
    u32 flags, short_checksum = 0;
    u64 block;
    if (features_ & journal_feature::checksum_v3) {
      __builtin_memcpy(&tag, head_.data() + at, sizeof tag);
      flags = tag.flags;
      block = join(features_ & journal_feature::bits64 ? static_cast<u32>(tag.block_high) : 0, tag.block_low);
    } else {
      journal_tag plain{};
      __builtin_memcpy(&plain, head_.data() + at, size < sizeof plain ? size : sizeof plain);
      flags = plain.flags;
      short_checksum = plain.checksum;
      block = join(features_ & journal_feature::bits64 ? static_cast<u32>(plain.block_high) : 0, plain.block_low);
    }
    if (++visited_ > blocks_) return fail(errc::corrupt);
    if (p == pass::write) {
      // A block of the volume; the boot block alone is nobody's. The log itself is not looked for: e2fsck does not either.
      if (block < volume_.first_data_block || block >= volume_.blocks) return fail(errc::corrupt);
      TRY(replay_block(tag, block, index, sequence, flags, short_checksum));
    }
    index = next(index);
    at += size;
    if (!(flags & tag_flag::same_uuid)) at += uuid_bytes;
    if (flags & tag_flag::last) break;
  }
  return {};
}

/// One block of the log that is no copy. False: the log ends here.
result<bool> replayer::one_block(pass p, u32& index, u32& sequence) {
  TRY(read(index, head_.data()));
  if (++visited_ > blocks_) return false;
  const auto& header = *reinterpret_cast<const journal_header*>(head_.data());
  if (header.magic != journal_magic || header.sequence != sequence) return false;
  const u32 here = index;
  index = next(index);
  switch (static_cast<journal_block>(static_cast<u32>(header.type))) {
    case journal_block::descriptor:
      if (!tail_good()) return false;
      (void)here;
      TRY(descriptor(p, index, sequence));
      return true;
    case journal_block::revoke:
      if (!tail_good()) return false;
      if (p == pass::collect_revoked) TRY(revoke_block(sequence));
      return true;
    case journal_block::commit:
      if (!commit_good()) return false;
      ++sequence;
      return true;
    default:
      return false;
  }
}

result<> replayer::walk(pass p) {
  u32 index = super_.start, sequence = super_.sequence;
  visited_ = 0;
  while (p == pass::find_end || sequence != end_sequence_)
    if (!TRY(one_block(p, index, sequence))) break;
  if (p == pass::find_end) end_sequence_ = sequence;
  return {};
}

result<> replayer::run(u32& next_sequence) {
  TRY(disk_.read_copied(TRY(place_.block(0)) * place_.block_size, &super_, sizeof super_));
  TRY(check_journal_super(super_, place_));
  next_sequence = super_.sequence;
  if (super_.start == 0) return {};
  features_ = super_.incompatible;
  seed_ = journal_checksum_seed(super_);
  blocks_ = super_.blocks;
  first_ = super_.first;
  if (super_.start < first_ || super_.start >= blocks_) return fail(errc::corrupt);
  head_ = TRY(buffer<u8>::create(place_.block_size));
  data_ = TRY(buffer<u8>::create(place_.block_size));
  TRY(walk(pass::find_end));
  TRY(walk(pass::collect_revoked));
  TRY(walk(pass::write));
  log::info("ext4: {}: {} transactions were read from the journal", disk_.name(), end_sequence_ - super_.sequence);
  // The transaction that was not finished had the number end_sequence_: what is left of it must not be taken for the next one.
  next_sequence = end_sequence_ + 1;
  TRY(disk_.flush());
  super_.start = 0;
  super_.sequence = next_sequence;
  super_.checksum = 0;
  if (checksums()) super_.checksum = journal_super_checksum(super_);
  TRY(disk_.write_copied(TRY(place_.block(0)) * place_.block_size, &super_, sizeof super_));
  return disk_.flush();
}

}  // namespace

result<u64> journal_place::block(u32 index) const {
  for (const block_run& r : runs) {
    if (index < r.count) return r.start + index;
    index -= r.count;
  }
  return fail(errc::corrupt);
}

usize tag_bytes(u32 features) {
  if (features & journal_feature::checksum_v3) return sizeof(journal_tag3);
  return (features & journal_feature::bits64 ? 12 : 8) + (features & journal_feature::checksum_v2 ? 2 : 0);
}

u32 journal_checksum_seed(const journal_super& super) { return crc32c(~0u, super.uuid, sizeof super.uuid); }

u32 journal_super_checksum(const journal_super& super) {
  journal_super copy = super;
  copy.checksum = 0;
  return crc32c(~0u, &copy, sizeof copy);
}

result<> check_journal_super(const journal_super& super, const journal_place& place) {
  if (super.header.magic != journal_magic) return fail(errc::corrupt);
  const u32 type = super.header.type;
  if (type != static_cast<u32>(journal_block::super_v1) && type != static_cast<u32>(journal_block::super_v2)) return fail(errc::corrupt);
  if (super.incompatible & ~journal_feature::supported && super.start) {
    log::error("ext4: the journal uses a feature that this kernel does not have ({})", static_cast<u32>(super.incompatible));
    return fail(errc::not_supported);
  }
  if (super.incompatible & (journal_feature::checksum_v2 | journal_feature::checksum_v3) && journal_super_checksum(super) != super.checksum)
    return fail(errc::corrupt);
  constexpr u32 blocks_min = 256;
  if (super.block_size != place.block_size || super.blocks < blocks_min || super.blocks > place.blocks) return fail(errc::corrupt);
  if (super.first < 1 || super.first >= super.blocks / 2) return fail(errc::corrupt);
  return {};
}

result<> replay_journal(disk& to, const journal_place& place, const geometry& volume, u32& next_sequence) {
  return replayer(to, place, volume).run(next_sequence);
}

}  // namespace osv::vfs::ext4
