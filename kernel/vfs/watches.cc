#include "vfs/watches.hh"

#include "vfs/walk.hh"

namespace osv::vfs {

constinit std::atomic<u32> watch_count{0};

namespace {

sync::mutex watches_lock;
list<watch, &watch::in_all> all_watches;
constinit std::atomic<u64> directory_changes{1};
// fsnotify_get_cookie: joins the two halves of a rename.
constinit std::atomic<u32> last_cookie{0};

/// After a change of the node's list: what its watches want, for those who ask without the lock.
void refresh(inode& node) {
  u32 events = 0;
  for (watch* w = node.watches; w; w = w->next_of_node) events |= w->events;
  node.watched_events.store(events, std::memory_order_relaxed);
  // release: whoever sees the new number sees what the directory's watches want.
  if (node.is_directory()) directory_changes.fetch_add(1, std::memory_order_release);
}

u32 directory_bit(bool is_directory) { return is_directory ? watch_event::directory : 0; }

}  // namespace

u64 directory_watch_changes() { return directory_changes.load(std::memory_order_acquire); }

/// The lock, and what must wait until it is free: watches that ended, each with what may be the last reference to its node.
class watch_delivery : pinned {
 public:
  watch_delivery() { watches_lock.lock(); }
  ~watch_delivery() {
    watches_lock.unlock();
    while (ended_) {
      watch* next = ended_->next_of_node;
      delete ended_;
      ended_ = next;
    }
  }

  void tell(inode& node, u32 event, u32 cookie = 0, string_view name = {}, bool unlinked_file = false) {
    watch* next;
    for (watch* w = node.watches; w; w = next) {
      next = w->next_of_node;
      if (!(w->events & event) || (unlinked_file && w->except_unlinked)) continue;
      w->group.deliver(w->number, event, cookie, name);
      if (w->one_shot) end(*w, true);
    }
  }

  void end(watch& w, bool announced) {
    inode& node = *w.node;
    watch** link = &node.watches;
    while (*link != &w) link = &(*link)->next_of_node;
    *link = w.next_of_node;
    refresh(node);
    w.group.watches_.erase(w);
    w.in_all.unlink();
    watch_count.fetch_sub(1, std::memory_order_relaxed);
    if (announced) w.group.deliver(w.number, watch_event::ignored, 0, {});
    w.next_of_node = ended_;
    ended_ = &w;
  }

  void end_all_of(inode& node) {
    while (node.watches) end(*node.watches, true);
  }

 private:
  watch* ended_ = nullptr;
};

watch* watch_group::find(i32 number) {
  watch* w = watches_.find_first([&](const watch& at) { return at.number >= number; });
  return w && w->number == number ? w : nullptr;
}

result<i32> watch_group::add(const lookup_base& base, string_view path, const request& wanted) {
  // The walk holds the name until the watch is in: if the file is unlinked meanwhile, the watch ends as the name is let go.
  walker walk(base);
  TRY(walk.all(path, wanted.follow));
  if (!walk.object()) return fail(errc::not_permitted);
  inode& node = *walk.object().at().node();
  if (wanted.directory_only && !node.is_directory()) return fail(errc::not_directory);
  sync::mutex_guard g(watches_lock);
  watch* w = node.watches;
  while (w && &w->group != this) w = w->next_of_node;
  if (w && wanted.create_only) return fail(errc::exists);
  if (!w) {
    if (watch_count.load(std::memory_order_relaxed) >= watches_max || last_number_ == INT32_MAX) return fail(errc::no_space);
    w = TRY(make_unique<watch>(*this, ref<inode>(&node), last_number_ + 1)).release();
    ++last_number_;
    w->next_of_node = node.watches;
    node.watches = w;
    watches_.insert(*w);
    all_watches.push_back(*w);
    watch_count.fetch_add(1, std::memory_order_relaxed);
  } else if (!wanted.add) {
    w->events = 0;
    w->one_shot = w->except_unlinked = false;
  }
  w->events |= (wanted.events & watch_event::all) | watch_event::unmount;
  w->one_shot |= wanted.one_shot;
  w->except_unlinked |= wanted.except_unlinked;
  refresh(node);
  return w->number;
}

result<> watch_group::remove(i32 number) {
  watch_delivery d;
  watch* w = find(number);
  if (!w) return fail(errc::invalid);
  d.end(*w, true);
  return {};
}

void watch_group::visit(function_ref<void(const watch&)> visitor) {
  sync::mutex_guard g(watches_lock);
  for (watch* w = watches_.first(); w; w = watches_.next(*w)) visitor(*w);
}

void watch_group::end_all() {
  watch_delivery d;
  while (watch* w = watches_.first()) d.end(*w, false);
}

void tell_of_slow(entry& at, u32 event, bool by_file) {
  inode& node = *at.node();
  const bool above = at.parent_interest() & event;
  if (!above && !(node.watched_events.load(std::memory_order_relaxed) & event)) return;
  const bool unlinked_file = by_file && !at.in_tree();
  const u32 told = event | directory_bit(node.is_directory());
  entry::copied_name name;
  ref<entry> parent;  // let go after the lock
  if (above) parent = at.parent(name);
  watch_delivery d;
  if (parent) d.tell(*parent->node(), told, 0, name.view(), unlinked_file);
  d.tell(node, told, 0, {}, unlinked_file);
}

void tell_of_slow(inode& node, u32 event) {
  if (!(node.watched_events.load(std::memory_order_relaxed) & event)) return;
  watch_delivery d;
  d.tell(node, event | directory_bit(node.is_directory()));
}

void tell_of_name_slow(inode& directory, u32 event, string_view name, bool is_directory) {
  if (!(directory.watched_events.load(std::memory_order_relaxed) & event)) return;
  watch_delivery d;
  d.tell(directory, event | directory_bit(is_directory), 0, name);
}

void tell_of_move_slow(inode& from, string_view name, inode& to, string_view new_name, inode& moved, inode* replaced) {
  const u32 cookie = last_cookie.fetch_add(1, std::memory_order_relaxed) + 1;
  const u32 directory = directory_bit(moved.is_directory());
  watch_delivery d;
  d.tell(from, watch_event::moved_from | directory, cookie, name);
  d.tell(to, watch_event::moved_to | directory, cookie, new_name);
  if (replaced) d.tell(*replaced, watch_event::attributes | directory_bit(replaced->is_directory()));
  // Without the directory bit, and so is remove_self: Linux has never told it with these.
  d.tell(moved, watch_event::move_self);
}

void name_released_slow(inode& node) {
  if (node.is_directory()) {
    if (!node.removed) return;
  } else {
    io::file_status status;
    if (!node.status(status).ok() || status.links) return;
  }
  watch_delivery d;
  d.tell(node, watch_event::remove_self);
  d.end_all_of(node);
}

void end_watches(file_system& system) {
  if (!anything_watched()) return;
  watch_delivery d;
  for (bool again = true; again;) {
    again = false;
    for (watch& w : all_watches) {
      if (&w.node->owner() != &system) continue;
      inode& node = *w.node;
      d.tell(node, watch_event::unmount | directory_bit(node.is_directory()));
      d.end_all_of(node);
      // The list has changed under the loop.
      again = true;
      break;
    }
  }
}

}  // namespace osv::vfs
