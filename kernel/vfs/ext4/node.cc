#include "vfs/ext4/node.hh"

#include "sched/clock.hh"
#include "vfs/ext4/checksum.hh"
#include "vfs/ext4/volume.hh"

namespace osv::vfs::ext4 {

namespace {

io::time_stamp stamp(u32 seconds, u32 extra, bool has_extra) {
  // The extra field: two bits above the seconds' sign, and the nanoseconds.
  i64 s = static_cast<i32>(seconds);
  if (has_extra) s += static_cast<i64>(extra & 3) << 32;
  return {s, has_extra ? extra >> 2 : 0};
}

/// struct inode's device number: the old 16-bit form in the first word, or the new one in the second.
u64 decode_device(const disk_inode_record& r) {
  const u32 old = static_cast<u32>(*reinterpret_cast<const le32*>(r.block)), wide = static_cast<u32>(*reinterpret_cast<const le32*>(r.block + 4));
  if (old) return (old >> 8 & 0xff) << 8 | (old & 0xff);
  return static_cast<u64>((wide & 0xfff00) >> 8) << 8 | (wide & 0xff) | (wide >> 12 & 0xfff00);
}

u32 record_checksum(u32 seed, const u8* raw, usize inode_size) {
  disk_inode_record head{};
  const usize known = inode_size < sizeof head ? inode_size : sizeof head;
  __builtin_memcpy(&head, raw, known);
  head.checksum_low = 0;
  if (inode_size > classic_inode_size && head.extra_size >= 4) head.checksum_high = 0;
  return crc32c(crc32c(seed, &head, known), raw + known, inode_size - known);
}

u32 seed_of(u32 volume_seed, u32 number, u32 generation) {
  const le32 n = number, g = generation;
  return crc32c(crc32c(volume_seed, &n, sizeof n), &g, sizeof g);
}

bool checksum_good(const geometry& shape, u32 number, const u8* raw) {
  if (!shape.checksums) return true;
  const auto& r = *reinterpret_cast<const disk_inode_record*>(raw);
  const u32 sum = record_checksum(seed_of(shape.seed, number, r.generation), raw, shape.inode_size);
  const bool high = shape.inode_size > classic_inode_size && r.extra_size >= 4;
  return (sum & 0xffff) == r.checksum_low && (!high || sum >> 16 == r.checksum_high);
}

}  // namespace

node::node(volume& owner, u32 number, const disk_inode_record& record)
    : inode(owner, number, record.mode),
      record_(record),
      size_(join(record.size_high, record.size_low)),
      links_(record.links),
      pages_(*this) {}

node::~node() { of().forget(*this); }

volume& node::of() const { return static_cast<volume&>(owner()); }
u32 node::block_size() const { return of().shape().block_size; }
u32 node::checksum_seed() const { return seed_of(of().shape().seed, id(), record_.generation); }
void node::dirtied() { of().keep(*this); }

result<ref<node>> node::read(volume& owner, u32 number, bool may_be_unlinked) {
  const geometry& shape = owner.shape();
  const u64 offset = TRY(owner.groups().inode_offset(number));
  block_ref block = TRY(owner.block(offset / shape.block_size));
  const u8* raw = block->data + offset % shape.block_size;
  if (!checksum_good(shape, number, raw)) return fail(errc::corrupt);
  disk_inode_record r{};
  __builtin_memcpy(&r, raw, shape.inode_size < sizeof r ? shape.inode_size : sizeof r);
  if (shape.inode_size > classic_inode_size && (r.extra_size > shape.inode_size - classic_inode_size || r.extra_size % 4)) return fail(errc::corrupt);
  if (!r.links && !may_be_unlinked) return fail(errc::corrupt);
  if (r.flags & inode_flag::inline_data) return fail(errc::not_supported);
  const u64 size = join(r.size_high, r.size_low);
  const u32 type = r.mode & io::mode::type_mask;
  switch (type) {
    case io::mode::regular:
      if (size > (page_map::index_max + 1) * page_size) return fail(errc::corrupt);
      break;
    case io::mode::directory:
      // Larger directories have the large_dir feature.
      if (size > 1ull << 31 || size % shape.block_size) return fail(errc::corrupt);
      break;
    case io::mode::link:
      if (size >= path_max || !size) return fail(errc::corrupt);
      break;
    case io::mode::fifo:
    case io::mode::socket:
    case io::mode::character:
    case io::mode::block:
      break;
    default:
      return fail(errc::corrupt);
  }
  return osv::make_ref<node>(owner, number, r);
}

disk_inode_record node::record() const {
  sync::mutex_guard g(attribute_lock_);
  return record_;
}

void node::restore(const disk_inode_record& before) {
  // Under both locks: who loads the extents again must see the record that is put back.
  sync::mutex_guard map(map_lock_);
  extents_loaded_ = false;
  sync::mutex_guard g(attribute_lock_);
  record_ = before;
  links_.store(record_.links, std::memory_order_relaxed);
  if (is_directory()) size_.store(join(record_.size_high, record_.size_low), std::memory_order_release);
  // Not for one that was just being made: it is nobody's now.
  if (!table_hook.linked) return;
  record_dirty_ = data_dirty_ = true;
  dirtied();
}

result<> node::store(operation& op) {
  if (gone_) return fail(errc::io);
  const geometry& shape = of().shape();
  const u64 offset = TRY(of().groups().inode_offset(id()));
  block_ref block = TRY(of().block(offset / shape.block_size));
  TRY(op.change(block));
  u8* raw = block->data + offset % shape.block_size;
  sync::mutex_guard g(attribute_lock_);
  __builtin_memcpy(raw, &record_, shape.inode_size < sizeof record_ ? shape.inode_size : sizeof record_);
  // While pages wait to be written, the record's size is less than the file's.
  if (!is_regular() || join(record_.size_high, record_.size_low) == size()) record_dirty_ = data_dirty_ = false;
  if (!shape.checksums) return {};
  const u32 sum = record_checksum(checksum_seed(), raw, shape.inode_size);
  auto& r = *reinterpret_cast<disk_inode_record*>(raw);
  r.checksum_low = static_cast<u16>(sum);
  if (shape.inode_size > classic_inode_size && record_.extra_size >= 4) r.checksum_high = static_cast<u16>(sum >> 16);
  return {};
}

void node::set_stamp(le32& seconds, le32& extra, const io::time_stamp& t) {
  seconds = static_cast<u32>(t.seconds);
  const i64 above = t.seconds - static_cast<i32>(static_cast<u32>(t.seconds));
  extra = static_cast<u32>(above >> 32 & 3) | t.nanoseconds << 2;
}

void node::set_time(bool modified) {
  const nanoseconds now = sched::realtime();
  const io::time_stamp t{now / second, static_cast<u32>(now % second)};
  sync::mutex_guard g(attribute_lock_);
  le32 unused = 0;
  set_stamp(record_.changed, has_extra() ? record_.changed_extra : unused, t);
  if (modified) set_stamp(record_.modified, has_extra() ? record_.modified_extra : unused, t);
  record_dirty_ = true;
}

u64 node::sectors() const {
  const u64 count = static_cast<u64>(record_.blocks_high) << 32 | record_.blocks_low;
  return record_.flags & inode_flag::huge_file ? count * (of().shape().block_size / 512) : count;
}

/// Blocks of the volume came (or went).
void node::add_blocks(i64 count) {
  sync::mutex_guard g(attribute_lock_);
  const i64 unit = record_.flags & inode_flag::huge_file ? 1 : of().shape().block_size / 512;
  u64 total = static_cast<u64>(record_.blocks_high) << 32 | record_.blocks_low;
  total = count < 0 && static_cast<u64>(-count * unit) > total ? 0 : total + static_cast<u64>(count * unit);
  record_.blocks_low = static_cast<u32>(total);
  record_.blocks_high = static_cast<u16>(total >> 32);
}

void node::set_links(operation&, u32 links) {
  sync::mutex_guard g(attribute_lock_);
  record_.links = static_cast<u16>(links);
  links_.store(links, std::memory_order_relaxed);
}

result<> node::status(io::file_status& out) {
  out = {};
  sync::mutex_guard g(attribute_lock_);
  const bool extra = has_extra();
  out.device = owner().device();
  out.inode = number();
  out.mode = mode();
  out.links = record_.links;
  out.user = static_cast<u32>(record_.user_high) << 16 | record_.user_low;
  out.group = static_cast<u32>(record_.group_high) << 16 | record_.group_low;
  out.size = size();
  out.block_size = page_size;
  out.blocks_512 = sectors();
  if (type() == io::mode::character || type() == io::mode::block) out.special_device = decode_device(record_);
  out.accessed = stamp(record_.accessed, record_.accessed_extra, extra);
  out.modified = stamp(record_.modified, record_.modified_extra, extra);
  out.changed = stamp(record_.changed, record_.changed_extra, extra);
  out.created = record_.extra_size >= 24 ? stamp(record_.created, record_.created_extra, extra) : out.changed;
  return {};
}

result<> node::change(const attribute_change& change) {
  operation op(of());
  TRY(op.begin());
  TRY(op.change(*this));
  u32 permissions = mode() & 07777;
  {
    sync::mutex_guard g(attribute_lock_);
    if (change.permissions) permissions = *change.permissions & 07777;
    // chown(2): the set-id bits of an executable go.
    if ((change.user || change.group) && is_regular() && permissions & 0111) permissions &= ~06000u;
    record_.mode = static_cast<u16>(type() | permissions);
    if (change.user) {
      record_.user_low = static_cast<u16>(*change.user);
      record_.user_high = static_cast<u16>(*change.user >> 16);
    }
    if (change.group) {
      record_.group_low = static_cast<u16>(*change.group);
      record_.group_high = static_cast<u16>(*change.group >> 16);
    }
    le32 unused = 0;
    if (change.accessed) set_stamp(record_.accessed, has_extra() ? record_.accessed_extra : unused, *change.accessed);
    if (change.modified) set_stamp(record_.modified, has_extra() ? record_.modified_extra : unused, *change.modified);
  }
  set_time(false);
  TRY(store(op));
  TRY(op.finish());
  set_permissions(permissions);
  return {};
}

result<ref<io::file>> node::open(const location& at, u32 flags) {
  if (type() != io::mode::fifo) return inode::open(at, flags);
  ref<pipe_buffer> pipe;
  {
    sync::mutex_guard g(content_lock_);
    if (!pipe_) pipe_ = TRY(pipe_buffer::create());
    pipe = pipe_;
  }
  return open_fifo(std::move(pipe), at, flags);
}

result<string> node::link_target() {
  if (!is_symlink()) return fail(errc::invalid);
  const disk_inode_record r = record();
  const usize length = size();
  buffer<char> text = TRY(buffer<char>::create(length));
  if (length < sizeof r.block && !(r.flags & inode_flag::extents)) {
    __builtin_memcpy(text.data(), r.block, length);
  } else {
    if (length > block_size()) return fail(errc::corrupt);
    const mapped_run run = TRY(map(0));
    if (!run.readable()) return fail(errc::corrupt);
    block_ref block = TRY(of().block(run.physical));
    __builtin_memcpy(text.data(), block->data, length);
  }
  const string_view view(text.data(), length);
  if (view.find('\0') != string_view::npos) return fail(errc::corrupt);
  return string::create(view);
}

result<> node::runs(vector<block_run>& out) {
  sync::mutex_guard g(map_lock_);
  TRY(load_extents());
  u32 next = 0;
  for (usize i = 0; i < extents_.size(); ++i) {
    const extent& e = extents_[i];
    if (e.logical != next || e.unwritten) return fail(errc::corrupt);
    TRY(out.push_back({e.physical, e.length}));
    next = e.end();
  }
  return {};
}

}  // namespace osv::vfs::ext4
