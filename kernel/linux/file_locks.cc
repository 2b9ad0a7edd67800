#include "linux/file_locks.hh"

#include "base/vector.hh"

namespace osv::linux_abi {

namespace {

constexpr usize locks_max = 4096;

struct lock_entry {
  u64 device, inode;
  const io::file* owner;
  lock_kind kind;
  lock_range range;
  bool exclusive;
};

/// All locks of the system; advisory locks are few and rare, so one list serves.
struct lock_list {
  sync::mutex mutex;
  vector<lock_entry> entries;  // guarded by mutex
  std::atomic<u32> count{0};
  sync::wait_queue released;
};
lock_list locks;

const lock_entry* conflict_of(const lock_entry& wanted) {
  for (const lock_entry& e : locks.entries)
    if (e.kind == wanted.kind && e.inode == wanted.inode && e.device == wanted.device && e.owner != wanted.owner &&
        (e.exclusive || wanted.exclusive) && e.range.overlaps(wanted.range))
      return &e;
  return nullptr;
}

/// Takes `gone.range` out of the owner's locks; what sticks out on either side stays.
result<> cut(const lock_entry& gone) {
  TRY(locks.entries.reserve(locks.entries.size() + 1));
  for (usize i = 0; i < locks.entries.size();) {
    lock_entry& e = locks.entries[i];
    if (e.kind != gone.kind || e.owner != gone.owner || e.inode != gone.inode || e.device != gone.device ||
        !e.range.overlaps(gone.range)) {
      ++i;
      continue;
    }
    lock_entry before = e, after = e;
    before.range.end = gone.range.start;
    after.range.start = gone.range.end;
    locks.entries.erase_unordered(i);
    // A lock that surrounds the hole leaves two pieces: it is the only one that overlaps, so the room reserved is enough.
    if (before.range.start < before.range.end) TRY(locks.entries.push_back(before));
    if (after.range.start < after.range.end) TRY(locks.entries.push_back(after));
    if (before.range.start < before.range.end && after.range.start < after.range.end) break;
    i = 0;
  }
  return {};
}

void counted() { locks.count.store(static_cast<u32>(locks.entries.size()), std::memory_order_relaxed); }

result<lock_entry> entry_for(io::file& file, lock_kind kind, lock_range range, bool exclusive) {
  io::file_status status;
  TRY(file.stat(status));
  return lock_entry{status.device, status.inode, &file, kind, range, exclusive};
}

}  // namespace

result<> acquire_lock(io::file& file, lock_kind kind, lock_range range, bool exclusive, bool wait) {
  const lock_entry wanted = TRY(entry_for(file, kind, range, exclusive));
  bool taken = false;
  result<> error;
  const auto attempt = [&] {
    sync::mutex_guard g(locks.mutex);
    if (conflict_of(wanted)) return false;
    taken = true;
    error = cut(wanted);
    if (error.ok() && locks.entries.size() >= locks_max) error = fail(errc::no_locks);
    if (error.ok()) error = locks.entries.push_back(wanted);
    counted();
    return true;
  };
  if (attempt()) {
    // A change from exclusive to shared may let others in.
    locks.released.wake();
    return error;
  }
  if (!wait) return fail(errc::again);
  if (kind == lock_kind::whole_file) (void)release_lock(file, kind, range);  // flock(2): a conversion is not atomic
  if (locks.released.wait(attempt) == sync::wait_result::interrupted && !taken) return fail(errc::restart);
  return error;
}

result<> release_lock(io::file& file, lock_kind kind, lock_range range) {
  const lock_entry gone = TRY(entry_for(file, kind, range, false));
  result<> outcome;
  {
    sync::mutex_guard g(locks.mutex);
    outcome = cut(gone);
    counted();
  }
  locks.released.wake();
  return outcome;
}

result<std::optional<held_lock>> find_lock_conflict(io::file& file, lock_kind kind, lock_range range, bool exclusive) {
  const lock_entry wanted = TRY(entry_for(file, kind, range, exclusive));
  sync::mutex_guard g(locks.mutex);
  const lock_entry* found = conflict_of(wanted);
  if (!found) return std::optional<held_lock>{};
  return std::optional<held_lock>{{found->range, found->exclusive}};
}

void forget_locks(io::file& file) {
  if (locks.count.load(std::memory_order_relaxed) == 0) return;
  {
    sync::mutex_guard g(locks.mutex);
    for (usize i = 0; i < locks.entries.size();) {
      if (locks.entries[i].owner == &file)
        locks.entries.erase_unordered(i);
      else
        ++i;
    }
    counted();
  }
  locks.released.wake();
}

}  // namespace osv::linux_abi
