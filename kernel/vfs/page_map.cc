#include "vfs/page_map.hh"

namespace osv::vfs {

page_map::~page_map() {
  if (root_) destroy(root_, levels_);
}

void page_map::destroy(node* n, unsigned levels) {
  for (void* child : n->slots) {
    if (!child) continue;
    if (levels > 1)
      destroy(static_cast<node*>(child), levels - 1);
    else
      memory::release(*static_cast<memory::frame*>(child));
  }
  delete n;
}

void** page_map::slot(u64 index) {
  if (!root_ || index > index_max || index > reach(levels_)) return nullptr;
  node* n = root_;
  for (unsigned level = levels_ - 1; level; --level) {
    n = static_cast<node*>(n->slots[index >> (bits * level) & (ways - 1)]);
    if (!n) return nullptr;
  }
  return &n->slots[index & (ways - 1)];
}

memory::frame* page_map::find(u64 index) {
  if (empty()) return nullptr;
  lock::guard g(lock_);
  void** at = slot(index);
  if (!at || !*at) return nullptr;
  auto* page = static_cast<memory::frame*>(*at);
  memory::retain(*page);
  return page;
}

result<memory::frame*> page_map::insert(u64 index, memory::frame* page) {
  if (index > index_max) return fail(errc::file_too_big);
  // Nodes are made without the lock: an allocation may call the reclaimer, which takes it.
  node* spare = nullptr;
  for (;;) {
    {
      lock::guard g(lock_);
      bool missing = false;
      while (!missing && (!root_ || index > reach(levels_))) {
        if (!spare) {
          missing = true;
          break;
        }
        if (root_) {
          spare->slots[0] = root_;
        }
        root_ = spare;
        spare = nullptr;
        ++levels_;
      }
      node* n = root_;
      for (unsigned level = missing ? 0 : levels_ - 1; level; --level) {
        void*& down = n->slots[index >> (bits * level) & (ways - 1)];
        if (!down) {
          if (!spare) {
            missing = true;
            break;
          }
          down = spare;
          spare = nullptr;
        }
        n = static_cast<node*>(down);
      }
      if (!missing) {
        void*& at = n->slots[index & (ways - 1)];
        if (at) {
          auto* there = static_cast<memory::frame*>(at);
          memory::retain(*there);
          delete spare;
          return there;
        }
        at = page;
        count_.fetch_add(1, std::memory_order_relaxed);
        // A spare is left only when somebody else made the node meanwhile.
        delete spare;
        return nullptr;
      }
    }
    if (!spare) spare = new (std::nothrow) node;
    if (!spare) return fail(errc::no_memory);
  }
}

bool page_map::remove(u64 index, memory::frame* page) {
  lock::guard g(lock_);
  void** at = slot(index);
  if (!at || *at != page) return false;
  *at = nullptr;
  count_.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

memory::frame* page_map::first_from(u64& index) {
  while (root_ && index <= index_max && index <= reach(levels_)) {
    node* n = root_;
    unsigned level = levels_ - 1;
    bool skipped = false;
    for (; level; --level) {
      auto* down = static_cast<node*>(n->slots[index >> (bits * level) & (ways - 1)]);
      if (!down) {
        // Nothing below this slot: on to the next one.
        index = ((index >> (bits * level)) + 1) << (bits * level);
        skipped = true;
        break;
      }
      n = down;
    }
    if (skipped) continue;
    for (u64 i = index & (ways - 1); i < ways; ++i, ++index)
      if (n->slots[i]) return static_cast<memory::frame*>(n->slots[i]);
  }
  index = index_max + 1;
  return nullptr;
}

u64 page_map::remove_range(u64 first, u64 end) {
  u64 removed = 0;
  u64 index = first;
  for (;;) {
    // Frames are given back in batches without the lock.
    memory::frame* batch[32];
    unsigned n = 0;
    {
      lock::guard g(lock_);
      while (n < 32) {
        memory::frame* page = first_from(index);
        if (!page || index >= end) break;
        *slot(index) = nullptr;
        batch[n++] = page;
        ++index;
      }
      count_.fetch_sub(n, std::memory_order_relaxed);
    }
    for (unsigned i = 0; i < n; ++i) memory::release(*batch[i]);
    removed += n;
    if (n < 32) return removed;
  }
}

u64 page_map::remove_from(u64 index) { return empty() ? 0 : remove_range(index, index_max + 1); }

u64 page_map::next(u64 from, bool present) {
  lock::guard g(lock_);
  u64 index = from;
  if (present) {
    (void)first_from(index);
    return index;
  }
  while (index <= index_max) {
    void** at = slot(index);
    if (!at || !*at) return index;
    ++index;
  }
  return index;
}

bool page_map::try_sweep(u64& hand, u64 at_most, memory::frame** dropped, u64& dropped_count,
                         function_ref<bool(u64 index, memory::frame&)> drop) {
  arch::disable_preemption();
  if (!lock_.try_acquire()) {
    arch::enable_preemption();
    return false;
  }
  dropped_count = 0;
  u64 index = hand;
  while (dropped_count < at_most) {
    memory::frame* page = first_from(index);
    if (!page) {
      index = 0;
      break;
    }
    if (drop(index, *page)) {
      *slot(index) = nullptr;
      dropped[dropped_count++] = page;
    }
    ++index;
  }
  hand = index;
  count_.fetch_sub(dropped_count, std::memory_order_relaxed);
  lock_.release();
  arch::enable_preemption();
  return true;
}

}  // namespace osv::vfs
