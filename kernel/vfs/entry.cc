#include "vfs/entry.hh"

#include "lock/spin_lock.hh"
#include "vfs/mount_point.hh"
#include "vfs/watches.hh"

namespace osv::vfs {

namespace {

// Guards parent_ and name_ of every entry against rename, for those who walk upwards. Held for a few loads, or one path.
constinit lock::spin_lock tree_lock{lock::rank::leaf};

u32 hash_name(const entry* directory, string_view name) {
  // Multiplicative mixing of eight bytes a step; the table's size bounds what a bad distribution could cost.
  u64 h = reinterpret_cast<uptr>(directory) * 0x9e3779b97f4a7c15ull;
  usize i = 0;
  for (; i + 8 <= name.size(); i += 8) {
    u64 word;
    __builtin_memcpy(&word, name.data() + i, 8);
    h = (h ^ word) * 0xff51afd7ed558ccdull;
    h ^= h >> 32;
  }
  u64 rest = name.size();
  const char* tail = name.data() + i;
  usize left = name.size() - i;
  if (left & 4) {
    u32 word;
    __builtin_memcpy(&word, tail, 4);
    rest = rest << 32 | word;
    tail += 4;
  }
  if (left & 2) {
    u16 word;
    __builtin_memcpy(&word, tail, 2);
    rest = rest << 16 | word;
    tail += 2;
  }
  if (left & 1) rest = rest << 8 | static_cast<u8>(*tail);
  h = (h ^ rest) * 0xff51afd7ed558ccdull;
  return static_cast<u32>(h ^ h >> 32);
}

}  // namespace

/// The hash of (parent, name). Holds one reference to each entry in it.
class entry_cache {
 public:
  static constexpr usize buckets = 2048;
  static constexpr usize entries_max = 16384;

  ref<entry> find(entry& directory, string_view name, u32 hash) {
    bucket& b = table_[hash % buckets];
    lock::guard g(b.lock);
    for (entry* e = b.first; e; e = e->next_in_bucket_)
      if (e->hash_ == hash && e->parent_.get() == &directory && e->name_.view() == name) {
        if (!e->recently_used_.load(std::memory_order_relaxed)) e->recently_used_.store(true, std::memory_order_relaxed);
        return ref<entry>(e);
      }
    return nullptr;
  }

  void insert(entry& e) {
    e.retain();
    e.hash_ = hash_name(e.parent_.get(), e.name_);
    bucket& b = table_[e.hash_ % buckets];
    {
      lock::guard g(b.lock);
      e.next_in_bucket_ = b.first;
      b.first = &e;
      e.hashed_ = true;
    }
    if (count_.fetch_add(1, std::memory_order_relaxed) >= entries_max) evict(8, false);
  }

  /// Takes the entry out, unless somebody did already.
  void remove(entry& e) {
    bucket& b = table_[e.hash_ % buckets];
    bool found = false;
    {
      lock::guard g(b.lock);
      if (e.hashed_) found = unhash(b, e);
    }
    if (found) e.release();
  }

  void rename(entry& e, entry& directory, string name) {
    e.retain();
    remove(e);
    ref<entry> old_parent(&directory);
    {
      lock::guard g(tree_lock);
      std::swap(e.parent_, old_parent);
      std::swap(e.name_, name);
      e.parent_interest_.store(0, std::memory_order_relaxed);
    }
    insert(e);
    e.release();
  }

  static ref<entry> parent_of(entry& e) {
    lock::guard g(tree_lock);
    return e.parent_ ? e.parent_ : ref<entry>(&e);
  }
  static ref<entry> parent_and_name(entry& e, entry::copied_name& name) {
    lock::guard g(tree_lock);
    name.size = e.name_.size() < sizeof name.text ? e.name_.size() : sizeof name.text;
    __builtin_memcpy(name.text, e.name_.c_str(), name.size);
    return e.parent_;
  }
  static u32 parent_interest(entry& e) {
    constexpr unsigned events_bits = 16;
    constexpr u64 events_mask = (1u << events_bits) - 1;
    // Asked first: a watch that comes after it makes the answer an old one.
    const u64 now = directory_watch_changes();
    const u64 known = e.parent_interest_.load(std::memory_order_relaxed);
    if (known >> events_bits == now) return known & events_mask;
    lock::guard g(tree_lock);
    const u64 events = e.parent_ ? e.parent_->node()->watched_events.load(std::memory_order_relaxed) & events_mask : 0;
    e.parent_interest_.store(now << events_bits | events, std::memory_order_relaxed);
    return static_cast<u32>(events);
  }
  static bool is_ancestor(entry& ancestor, entry& descendant) {
    lock::guard g(tree_lock);
    for (entry* e = &descendant; e; e = e->parent_.get())
      if (e == &ancestor) return true;
    return false;
  }

  /// Visits `wanted` buckets from the hand on and drops entries that nobody uses; recently used ones get a second chance.
  /// `below`: only those in this directory.
  usize evict(usize wanted, bool all, const entry* below = nullptr) {
    usize dropped = 0;
    for (usize i = 0; i < wanted; ++i) {
      bucket& b = table_[hand_.fetch_add(1, std::memory_order_relaxed) % buckets];
      // The last reference may free an inode and its pages: not under the spin lock.
      entry* victims = nullptr;
      {
        lock::guard g(b.lock);
        for (entry** link = &b.first; *link;) {
          entry& e = **link;
          // Only the cache's own reference is left, and nobody can find the entry while the bucket is locked.
          const bool unused = e.references_.load(std::memory_order_acquire) == 1 && e.mounts.load() == 0;
          if (unused && (!below || e.parent_.get() == below) && (all || !e.recently_used_.exchange(false, std::memory_order_relaxed))) {
            *link = e.next_in_bucket_;
            e.hashed_ = false;
            e.next_in_bucket_ = victims;
            victims = &e;
            count_.fetch_sub(1, std::memory_order_relaxed);
          } else {
            link = &e.next_in_bucket_;
          }
        }
      }
      while (victims) {
        entry* next = victims->next_in_bucket_;
        victims->release();
        victims = next;
        ++dropped;
      }
    }
    return dropped;
  }
  usize count() const { return count_.load(std::memory_order_relaxed); }

 private:
  struct bucket {
    lock::spin_lock lock{lock::rank::leaf};
    entry* first = nullptr;
  };
  bool unhash(bucket& b, entry& e) {
    for (entry** link = &b.first; *link; link = &(*link)->next_in_bucket_)
      if (*link == &e) {
        *link = e.next_in_bucket_;
        e.hashed_ = false;
        count_.fetch_sub(1, std::memory_order_relaxed);
        return true;
      }
    return false;
  }
  bucket table_[buckets];
  std::atomic<usize> count_{0};
  std::atomic<usize> hand_{0};
};

namespace {
constinit entry_cache cache;
}

result<ref<entry>> entry::create(ref<entry> parent, string_view name, ref<inode> node) {
  string kept = TRY(string::create(name));
  entry* e = new (std::nothrow) entry(std::move(parent), std::move(kept), std::move(node));
  if (!e) return fail(errc::no_memory);
  return ref<entry>::adopt(e);
}

void entry::release() {
  // A loop in the place of recursion: the last user of a deep directory frees the whole chain above it.
  entry* e = this;
  // acq_rel: what every holder wrote is visible to the one that destroys.
  while (e && e->references_.fetch_sub(1, std::memory_order_acq_rel) == 1) {
    entry* above = e->parent_.leak();
    if (e->node_ && !e->in_tree()) name_released(*e->node_);
    delete e;
    e = above;
  }
}

ref<entry> entry::parent() { return entry_cache::parent_of(*this); }
ref<entry> entry::parent(copied_name& name) { return entry_cache::parent_and_name(*this, name); }
u32 entry::parent_interest() { return entry_cache::parent_interest(*this); }

result<ref<entry>> find_child(entry& directory, string_view name) {
  if (!directory.node() || !directory.node()->is_directory()) return fail(errc::not_directory);
  if (name.size() > name_max) return fail(errc::name_too_long);
  if (directory.node()->cacheable())
    if (ref<entry> found = cache.find(directory, name, hash_name(&directory, name))) return found;
  sync::mutex_guard g(directory.node()->directory_lock);
  return find_child_locked(directory, name);
}

result<ref<entry>> find_child_locked(entry& directory, string_view name) {
  inode& node = *directory.node();
  if (name.size() > name_max) return fail(errc::name_too_long);
  if (node.cacheable())
    if (ref<entry> found = cache.find(directory, name, hash_name(&directory, name))) return found;
  if (node.removed) return fail(errc::no_entry);
  auto child = node.lookup(name);
  if (!child.ok() && child.error() != errc::no_entry) return fail(child.error());
  ref<entry> made = TRY(entry::create(ref<entry>(&directory), name, child.ok() ? child.release() : ref<inode>()));
  if (node.cacheable()) cache.insert(*made);
  return made;
}

result<ref<entry>> entry_created(entry& directory, string_view name, ref<inode> node) {
  // A negative entry of this name must go.
  if (ref<entry> old = cache.find(directory, name, hash_name(&directory, name))) cache.remove(*old);
  ref<entry> made = TRY(entry::create(ref<entry>(&directory), name, std::move(node)));
  if (directory.node()->cacheable()) cache.insert(*made);
  return made;
}

void entry_removed(entry& child) {
  child.mark_unlinked();
  cache.remove(child);
}

void directory_entry_removed(entry& child) {
  entry_removed(child);
  if (child.node()->watched_events.load(std::memory_order_relaxed)) cache.evict(entry_cache::buckets, true, &child);
}

void entry_moved(entry& child, entry& directory, string name) { cache.rename(child, directory, std::move(name)); }

usize drop_unused_entries() {
  usize all = 0;
  // Parents become unused when their children have gone.
  while (usize dropped = cache.evict(entry_cache::buckets, true)) all += dropped;
  return all;
}
usize cached_entries() { return cache.count(); }

bool is_ancestor(entry& ancestor, entry& descendant) { return entry_cache::is_ancestor(ancestor, descendant); }

/// Builds a path from its end, so that one pass upwards is enough.
class path_builder {
 public:
  static result<string> build(const location& at, bool mark_deleted) {
    auto room = TRY(buffer<char>::create(path_max));
    usize start = path_max;
    const auto prepend = [&](string_view text) {
      if (text.size() > start) return false;
      start -= text.size();
      __builtin_memcpy(room.data() + start, text.data(), text.size());
      return true;
    };
    if (!at.at().in_tree()) {
      if (!mark_deleted) return fail(errc::no_entry);
      (void)prepend(" (deleted)");
    }
    location here = at;
    bool any = false;
    for (;;) {
      {
        lock::guard g(tree_lock);
        const entry* root = &here.mount().root();
        for (const entry* e = &here.at(); e != root && e->parent_; e = e->parent_.get()) {
          if (!prepend(e->name_) || !prepend("/")) return fail(errc::name_too_long);
          any = true;
        }
      }
      location above = here.mount().mounted_on();
      if (!above) break;
      here = above;
    }
    if (!any && !prepend("/")) return fail(errc::name_too_long);
    return string::create({room.data() + start, path_max - start});
  }
};

result<string> path_of(const location& at, bool mark_deleted) {
  if (!at) return string::create("/");
  return path_builder::build(at, mark_deleted);
}

}  // namespace osv::vfs
