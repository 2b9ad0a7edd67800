// Advisory locks of open file descriptions: flock(2) and fcntl(2)'s F_OFD_*. The two kinds do not see each other.
#pragma once

#include <optional>

#include "io/file.hh"

namespace osv::linux_abi {

enum class lock_kind : u8 { whole_file, description };

/// Bytes [start, end).
struct lock_range {
  i64 start, end;
  bool overlaps(const lock_range& other) const { return start < other.end && other.start < end; }
};

struct held_lock {
  lock_range range;
  bool exclusive;
};

/// EAGAIN when `wait` is false and another description holds a conflicting lock; EINTR (restarted) while waiting;
/// ENOLCK beyond 4,096 locks. A description's earlier lock on the same bytes is replaced.
result<> acquire_lock(io::file& file, lock_kind kind, lock_range range, bool exclusive, bool wait);
result<> release_lock(io::file& file, lock_kind kind, lock_range range);
result<std::optional<held_lock>> find_lock_conflict(io::file& file, lock_kind kind, lock_range range, bool exclusive);

/// Drops every lock of a description whose last descriptor was closed. Cheap when there are no locks.
void forget_locks(io::file& file);

}  // namespace osv::linux_abi
