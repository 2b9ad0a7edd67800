#include "vfs/missing_files.hh"

#include <atomic>

#include "lock/spin_lock.hh"
#include "trace/count.hh"

namespace osv::vfs {

namespace {

struct missing_path {
  u32 hash;
  u8 size;
  char text[missing_path_max];
  std::string_view view() const { return {text, size}; }
};

constinit missing_path table[missing_files_max];
constinit lock::spin_lock adding{lock::rank::leaf};
// Entries below it are complete and never change.
constinit std::atomic<usize> used{0};

/// FNV-1a.
u32 hash_of(std::string_view text) {
  u32 hash = 2166136261u;
  for (char c : text) hash = (hash ^ static_cast<u8>(c)) * 16777619u;
  return hash;
}

bool is_known(std::string_view path, u32 hash, usize count) {
  for (usize i = 0; i < count; ++i)
    if (table[i].hash == hash && table[i].view() == path) return true;
  return false;
}

}  // namespace

void note_missing(std::string_view path) {
  trace::count(trace::counter::files_missing);
  if (path.size() > missing_path_max) path.remove_prefix(path.size() - missing_path_max);
  const u32 hash = hash_of(path);
  // Without the lock first: programs miss the same files over and over.
  if (is_known(path, hash, used.load(std::memory_order_acquire))) return;
  lock::guard held(adding);
  const usize count = used.load(std::memory_order_relaxed);
  if (count == missing_files_max || is_known(path, hash, count)) return;
  missing_path& entry = table[count];
  entry.hash = hash;
  entry.size = static_cast<u8>(path.size());
  __builtin_memcpy(entry.text, path.data(), path.size());
  // release: readers that see the count see the entry.
  used.store(count + 1, std::memory_order_release);
}

void for_each_missing(function_ref<void(std::string_view)> show) {
  const usize count = used.load(std::memory_order_acquire);
  for (usize i = 0; i < count; ++i) show(table[i].view());
}

}  // namespace osv::vfs
