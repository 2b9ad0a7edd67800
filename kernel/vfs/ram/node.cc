#include "vfs/ram/node.hh"

#include "sched/clock.hh"

namespace osv::vfs::ram {

i64 to_nanoseconds(const io::time_stamp& t) {
  constexpr i64 seconds_max = INT64_MAX / second - 1;
  const i64 seconds = t.seconds > seconds_max ? seconds_max : t.seconds < -seconds_max ? -seconds_max : t.seconds;
  return seconds * second + t.nanoseconds;
}

io::time_stamp to_time_stamp(i64 nanoseconds) {
  i64 seconds = nanoseconds / second;
  i64 rest = nanoseconds % second;
  if (rest < 0) {
    rest += second;
    --seconds;
  }
  return {seconds, static_cast<u32>(rest)};
}

node::node(system& owner, u64 number, u32 mode, u64 device, ref<inode> lower)
    : inode(owner, number, mode), lower_(std::move(lower)), device_(device) {
  const i64 now = sched::realtime();
  accessed_ = modified_ = changed_ = created_ = now;
}

result<> node::adopt_attributes() {
  io::file_status s;
  TRY(lower_->status(s));
  links_ = s.links;
  user_ = s.user;
  group_ = s.group;
  device_ = s.special_device;
  accessed_ = to_nanoseconds(s.accessed);
  modified_ = to_nanoseconds(s.modified);
  changed_ = to_nanoseconds(s.changed);
  created_ = to_nanoseconds(s.created);
  return {};
}

result<> node::status(io::file_status& out) {
  out = {};
  out.device = owner().device();
  out.inode = number();
  out.mode = mode();
  out.links = links();
  out.user = user_;
  out.group = group_;
  out.special_device = device_;
  out.size = size();
  out.block_size = page_size;
  out.blocks_512 = allocated_bytes() / 512;
  out.accessed = to_time_stamp(accessed_);
  out.modified = to_time_stamp(modified_);
  out.changed = to_time_stamp(changed_);
  out.created = to_time_stamp(created_);
  return {};
}

result<> node::change(const attribute_change& change) {
  if (change.permissions) set_permissions(*change.permissions);
  if (change.user) user_ = *change.user;
  if (change.group) group_ = *change.group;
  // chown(2): the set-id bits of an executable go.
  if ((change.user || change.group) && is_regular() && mode() & 0111) set_permissions(mode() & 07777 & ~06000u);
  if (change.accessed) accessed_ = to_nanoseconds(*change.accessed);
  if (change.modified) modified_ = to_nanoseconds(*change.modified);
  touch_changed();
  keep();
  return {};
}

void node::touch() {
  const i64 now = sched::realtime();
  modified_.store(now, std::memory_order_relaxed);
  changed_.store(now, std::memory_order_relaxed);
}

void node::touch_changed() { changed_.store(sched::realtime(), std::memory_order_relaxed); }

void node::add_link() {
  links_.fetch_add(1, std::memory_order_relaxed);
  touch_changed();
  keep();
}

void node::remove_link() {
  touch_changed();
  keep();
  u32 links = links_.load(std::memory_order_relaxed);
  // A damaged image may claim fewer links than it has names.
  while (links && !links_.compare_exchange_weak(links, links - 1, std::memory_order_relaxed)) {
  }
  if (links <= 1) stop_keeping();
}

void node::keep() {
  if (!lower_ || kept_.load(std::memory_order_relaxed) || links() == 0) return;
  if (!kept_.exchange(true, std::memory_order_relaxed)) retain();
}

void node::stop_keeping() {
  if (kept_.exchange(false, std::memory_order_relaxed)) release();
}

}  // namespace osv::vfs::ram
