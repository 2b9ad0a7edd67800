#include "vfs/ext4/volume.hh"

#include "log/log.hh"
#include "sched/clock.hh"
#include "vfs/ext4/node.hh"

namespace osv::vfs::ext4 {

namespace {
constexpr u64 ext4_magic = 0xef53;
/// Room for the blocks that the trees of extents may need.
constexpr u64 tree_slack = 16;
constexpr nanoseconds commit_interval = 5 * second, orphan_interval = 1 * second;
}  // namespace

volume::volume(devices::block_device& device, const geometry& g, bool read_only)
    : file_system("ext4", read_only), disk_(device), geometry_(g), cache_(disk_, g.block_size), groups_(cache_, geometry_) {
  dirty_max_ = memory::statistics().total_bytes / 8 / page_size;
}

volume::~volume() = default;

result<> volume::check_writable() const {
  if (failed()) return fail(errc::read_only);
  if (read_only() || closed_.load(std::memory_order_relaxed)) return fail(errc::read_only);
  return {};
}

void volume::mark_failed(const char* why) {
  if (failed_.exchange(true)) return;
  log::error("ext4: {}: {}; the volume is read-only from now on, and what was not synchronised is lost", disk_.name(), why);
}

result<block_ref> volume::block(u64 number) {
  if (number < geometry_.first_data_block || number >= geometry_.blocks) return fail(errc::corrupt);
  return cache_.get(number);
}

result<ref<node>> volume::get(u32 number) {
  if (ref<node> known = table_.find(number)) return known;
  // Inodes that the volume keeps for itself have no names.
  if (number != root_inode && number < geometry_.first_inode) return fail(errc::corrupt);
  return table_.insert(TRY(node::read(*this, number, false)));
}

void volume::forget(node& gone) { table_.remove(gone); }

result<ref<inode>> volume::root() {
  if (!root_) return fail(errc::no_device);
  return ref<inode>(root_);
}

result<> volume::status(file_system_status& out) {
  out.magic = ext4_magic;
  out.block_size = geometry_.block_size;
  out.blocks = geometry_.blocks > overhead_ ? geometry_.blocks - overhead_ : 0;
  const u64 free = groups_.free_blocks(), promised = promised_.load(std::memory_order_relaxed);
  out.blocks_free = free > promised ? free - promised : 0;
  out.files = geometry_.inodes;
  out.files_free = groups_.free_inodes();
  return {};
}

void volume::note_orphan(node& n) {
  if (n.links() || n.orphan_.load(std::memory_order_relaxed)) return;
  n.orphan_.store(true, std::memory_order_relaxed);
  (void)orphans_.push_back(&n);  // room was taken before
}

void volume::forget_orphan(node& n) {
  n.orphan_.store(false, std::memory_order_relaxed);
  for (usize i = orphans_.size(); i--;)
    if (orphans_[i] == &n) return orphans_.erase(i);
}

// --- writing back ------------------------------------------------------------------------------------------------------

void volume::keep(node& n) {
  lock::guard g(kept_lock_);
  if (n.kept_) return;
  n.kept_ = true;
  n.retain();
  n.kept_next = kept_;
  kept_ = &n;
}

/// Takes nodes to be worked on out of the list: whoever makes one dirty again from here on puts it back. One that another round
/// has taken and not come to yet stays for later.
node* volume::take_kept(round what) {
  lock::guard g(kept_lock_);
  node* taken = nullptr;
  for (node** link = &kept_; *link;) {
    node* n = *link;
    const bool orphan = n->is_orphan() && n->links() == 0;
    const bool unused = orphan && (what == round::last || n->reference_count() == 1);
    if (n->in_round_ || (what != round::everything && !unused)) {
      link = &n->kept_next;
      continue;
    }
    *link = n->kept_next;
    n->kept_ = false;
    n->in_round_ = true;
    n->round_next = taken;
    taken = n;
  }
  return taken;
}

/// Calls `work(node)` for each of a list that take_kept() made; false from it, or an error, keeps the node.
template <typename Work>
result<> volume::for_kept(node* list, Work&& work) {
  errc error = errc::ok;
  while (list) {
    ref<node> n = ref<node>::adopt(list);
    {
      lock::guard g(kept_lock_);
      list = n->round_next;
      n->in_round_ = false;
    }
    result<bool> done = work(*n);
    if (!done.ok() && error == errc::ok) error = done.error();
    if (!done.ok() || !done.value()) keep(*n);
  }
  if (error != errc::ok) return fail(error);
  return {};
}

/// Files that have no name and no user go. Called with the content lock of a file that is written to, too: nobody waits for that
/// one here, as those that go have no users.
result<> volume::remove_unused(round what) {
  const auto remove = [](node& n) -> result<bool> {
    TRY(n.remove());
    return true;
  };
  // In the last round files have users, who hold content locks and may wait for this lock with them.
  if (what == round::last) return for_kept(take_kept(what), remove);
  sync::mutex_guard g(orphan_lock_);
  return for_kept(take_kept(what), remove);
}

result<> volume::write_back(round what) {
  auto removed = remove_unused(what == round::last ? what : round::orphans);
  if (what == round::orphans) return removed;
  // One at a time: else a sync(2) would return while another round still writes.
  sync::mutex_guard g(round_lock_);
  auto written = for_kept(take_kept(round::everything), [](node& n) -> result<bool> {
    const bool clean = TRY(n.write_back());
    // The list of orphans holds no references: what is on it must live, a file whose truncation failed, too.
    return clean && !n.is_orphan();
  });
  return removed.ok() ? written : removed;
}

result<> volume::commit_locked() {
  if (failed()) return fail(errc::io);
  if (!journal_) return {};
  if (!journal_->has_room()) TRY(checkpoint_locked());
  bool logged;
  {
    sync::mutex_guard g(operation_lock_);
    logged = journal_->is_running();
    if (logged) {
      groups_.refresh_checksums();
      if (super_->running) {
        super().write_time = static_cast<u32>(sched::realtime() / second);
        if (geometry_.checksums) super().checksum = super_checksum(super());
      }
      (void)journal_->take_running();
      std::swap(freed_, committing_);
    }
  }
  const auto written = logged ? journal_->write() : disk_.flush();
  if (!written.ok()) {
    mark_failed(logged ? "the journal could not be written" : "the disk could not be flushed");
    return fail(errc::io);
  }
  sync::mutex_guard g(operation_lock_);
  for (const freed_run& f : committing_) {
    // Without memory for the note, the blocks stay out of use until the next mount.
    if (f.metadata)
      (void)in_log_.push_back(f);
    else
      groups_.make_available(f.run);
  }
  committing_.clear();
  return {};
}

result<> volume::checkpoint_locked() {
  if (failed()) return fail(errc::io);
  if (!journal_->checkpoint().ok()) {
    mark_failed("the disk could not be written");
    return fail(errc::io);
  }
  sync::mutex_guard g(operation_lock_);
  for (const freed_run& f : in_log_) groups_.make_available(f.run);
  in_log_.clear();
  return {};
}

result<> volume::commit() {
  sync::mutex_guard g(commit_lock_);
  return commit_locked();
}

result<> volume::recover_space() {
  TRY(write_back(round::orphans));
  sync::mutex_guard g(commit_lock_);
  TRY(commit_locked());
  return checkpoint_locked();
}

result<> volume::promise(u64 blocks) {
  for (unsigned attempt = 0;; ++attempt) {
    const u64 promised = promised_.fetch_add(blocks, std::memory_order_relaxed) + blocks;
    if (promised + tree_slack <= groups_.free_blocks()) return {};
    promised_.fetch_sub(blocks, std::memory_order_relaxed);
    if (attempt) return fail(errc::no_space);
    TRY(recover_space());
  }
}

result<> volume::check_spare(const operation& op) const {
  const u64 free = groups_.free_blocks() + static_cast<u64>(op.blocks_freed());
  if (promised_.load(std::memory_order_relaxed) + tree_slack >= free) return fail(errc::no_space);
  return {};
}

result<block_run> volume::reserve(u64 goal, u32 wanted) {
  for (unsigned attempt = 0;; ++attempt) {
    {
      sync::mutex_guard g(operation_lock_);
      auto got = groups_.reserve(goal, wanted);
      if (got.ok() || got.error() != errc::no_space || attempt) return got;
    }
    TRY(recover_space());
  }
}

void volume::unreserve(block_run run) {
  sync::mutex_guard g(operation_lock_);
  groups_.unreserve(run);
}

result<> volume::sync() {
  if (read_only()) return {};
  auto outcome = write_back(round::everything);
  TRY(commit());
  return outcome;
}

void volume::run_writer() {
  nanoseconds next_commit = sched::now() + commit_interval;
  while (!stop_.load(std::memory_order_acquire)) {
    bool waiting;
    {
      sync::mutex_guard g(operation_lock_);
      waiting = !orphans_.empty();
    }
    nanoseconds until = next_commit;
    if (waiting && sched::now() + orphan_interval < until) until = sched::now() + orphan_interval;
    (void)wake_.wait([this] { return kicked_.load(std::memory_order_acquire) || stop_.load(std::memory_order_acquire); }, until, false);
    kicked_.store(false, std::memory_order_relaxed);
    if (stop_.load(std::memory_order_acquire)) break;
    const bool time = sched::now() >= next_commit;
    (void)write_back(time ? round::everything : round::orphans);
    if (!time) continue;
    (void)commit();
    next_commit = sched::now() + commit_interval;
  }
  writer_gone_.store(true, std::memory_order_release);
  wake_.wake();
}

// --- mounting ----------------------------------------------------------------------------------------------------------

/// The primary super block, straight to its place: nothing of it is in the log.
result<> volume::write_super(u32 recover_flag) {
  sync::mutex_guard g(operation_lock_);
  super_block& s = super();
  s.feature_incompatible = (s.feature_incompatible & ~incompatible::recover) | recover_flag;
  s.write_time = static_cast<u32>(sched::realtime() / second);
  if (geometry_.checksums) s.checksum = super_checksum(s);
  TRY(disk_.write(super_offset, &s, sizeof s));
  return disk_.flush();
}

result<> volume::prepare() {
  super_ = TRY(cache_.get(geometry_.super_block_number()));
  TRY(groups_.load());
  overhead_ = groups_.overhead();
  return {};
}

namespace {
/// Where the log lies: its inode has no name.
result<journal_place> find_journal(volume& v) {
  ref<node> log = TRY(node::read(v, v.super().journal_inode, true));
  if (!log->is_regular()) return fail(errc::corrupt);
  journal_place place;
  place.block_size = v.shape().block_size;
  TRY(log->runs(place.runs));
  for (const block_run& r : place.runs) place.blocks += r.count;
  return place;
}

result<super_block> read_super(disk& from) {
  super_block super;
  TRY(from.read_copied(super_offset, &super, sizeof super));
  return super;
}
}  // namespace

/// The log of a volume that nothing else is known of yet is written to its places.
result<> volume::open_journal() {
  journal_place place = TRY(find_journal(*this));
  overhead_ += place.blocks;
  journal_super log;
  TRY(disk_.read_copied(TRY(place.block(0)) * geometry_.block_size, &log, sizeof log));
  journal_ = TRY(ext4::journal::open(disk_, geometry_, std::move(place), log.sequence));
  super().mount_count = super().mount_count + 1;
  super().mount_time = static_cast<u32>(sched::realtime() / second);
  return write_super(incompatible::recover);
}

/// What a crash left on the list: files without a name go, truncations are finished.
result<> volume::remove_orphans() {
  vector<ref<node>> found;
  for (u32 number = super().last_orphan; number;) {
    if (number < geometry_.first_inode || found.size() > geometry_.inodes) return fail(errc::corrupt);
    ref<node> n = TRY(node::read(*this, number, true));
    for (const ref<node>& other : found)
      if (other->id() == number) return fail(errc::corrupt);
    number = n->next_orphan();
    n = table_.insert(std::move(n));
    TRY(found.push_back(std::move(n)));
  }
  // The newest is first on the disk, and last here.
  for (usize i = found.size(); i--;) {
    found[i]->orphan_ = true;
    TRY(orphans_.push_back(found[i].get()));
  }
  for (ref<node>& n : found) TRY(n->links() ? n->finish_truncation() : n->remove());
  if (found.size()) log::info("ext4: {}: {} files that a crash left were removed or cut", disk_.name(), found.size());
  return {};
}

result<ref<volume>> volume::open(devices::block_device& device, bool read_only) {
  ext4::disk on(device);
  super_block super = TRY(read_super(on));
  geometry shape = TRY(check_super(super, on));
  read_only |= device.read_only();
  if (const char* reason = reason_not_to_write(super); reason && !read_only) {
    log::error("ext4: {} can be mounted read-only, not to be written to: {}", device.name(), reason);
    return fail(errc::not_supported);
  }
  if (super.feature_incompatible & incompatible::recover) {
    if (device.read_only()) {
      log::error("ext4: {} was not unmounted, and its journal cannot be written back to a read-only disk", device.name());
      return fail(errc::read_only);
    }
    // What is read to find the log is forgotten with this.
    ref<volume> once = TRY(osv::make_ref<volume>(device, shape, true));
    TRY(once->prepare());
    u32 next;
    TRY(replay_journal(on, TRY(find_journal(*once)), shape, next));
    super = TRY(read_super(on));
    shape = TRY(check_super(super, on));
  }
  ref<volume> made = TRY(osv::make_ref<volume>(device, shape, read_only));
  TRY(made->prepare());
  if (read_only) {
    if (super.feature_incompatible & incompatible::recover) TRY(made->write_super(0));
  } else {
    TRY(made->open_journal());
    TRY(made->remove_orphans());
  }
  ref<node> root = TRY(made->get(root_inode));
  if (!root->is_directory()) return fail(errc::corrupt);
  made->root_ = std::move(root);
  if (read_only) return made;
  made->writer_gone_.store(false);
  volume* raw = made.get();
  // The thread's own reference: it wakes whoever closes the volume, and must not do so in memory that has gone.
  raw->retain();
  auto writer = sched::spawn("ext4", [raw] {
    raw->run_writer();
    raw->release();
  });
  if (!writer.ok()) {
    raw->release();
    made->writer_gone_.store(true);
    made->root_ = nullptr;
    return fail(writer.error());
  }
  return made;
}

result<> volume::close(round what) {
  if (read_only() || closed_.load() || !journal_) return {};
  stop_.store(true, std::memory_order_release);
  wake_.wake();
  (void)wake_.wait([this] { return writer_gone_.load(std::memory_order_acquire); }, never, false);
  auto outcome = write_back(what);
  {
    // What began before this is part of the last transaction; nothing begins after it.
    sync::mutex_guard g(operation_lock_);
    closed_.store(true);
  }
  sync::mutex_guard g(commit_lock_);
  TRY(commit_locked());
  TRY(checkpoint_locked());
  TRY(journal_->close());
  TRY(write_super(0));
  return outcome;
}

void volume::unmounted() {
  if (auto closed = close(round::everything); !closed.ok())
    log::error("ext4: {} could not be unmounted cleanly (error {})", disk_.name(), static_cast<int>(closed.error()));
  root_ = nullptr;
  node* list;
  {
    lock::guard g(kept_lock_);
    list = std::exchange(kept_, nullptr);
  }
  while (list) {
    ref<node> n = ref<node>::adopt(list);
    list = n->kept_next;
    n->kept_ = false;
  }
}

void volume::power_off() {
  if (auto closed = close(round::last); !closed.ok())
    log::error("ext4: {} could not be unmounted cleanly (error {})", disk_.name(), static_cast<int>(closed.error()));
}

}  // namespace osv::vfs::ext4
