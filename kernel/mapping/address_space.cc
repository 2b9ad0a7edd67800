#include "mapping/address_space.hh"

#include "sync/random.hh"

namespace osv::memory {

address_space::address_space() : pages_(kernel_page_table()) {}

mapping* address_space::first_above(u64 address) {
  return mappings_.find_first([address](const mapping& m) { return m.end > address; });
}

mapping* address_space::find(u64 address) {
  if (last_found_ && address >= last_found_->begin && address < last_found_->end) return last_found_;
  mapping* m = first_above(address);
  if (!m || m->begin > address) return nullptr;
  last_found_ = m;
  return m;
}

void address_space::insert(mapping& m) {
  mappings_.insert(m);
  mapped_bytes_ += m.end - m.begin;
  ++map_count_;
}

namespace {

bool can_merge(const mapping& a, const mapping& b) {
  if (a.end != b.begin || a.protection != b.protection || a.shared != b.shared || a.stack != b.stack || a.label != b.label ||
      a.huge_allowed != b.huge_allowed || !(a.source == b.source))
    return false;
  return !a.source || a.source_page + (a.end - a.begin) / page_size == b.source_page;
}

}  // namespace

void address_space::try_merge(mapping& m) {
  mapping* merged = &m;
  if (mapping* before = mappings_.previous(m); before && can_merge(*before, m)) {
    before->end = m.end;
    mappings_.erase(m);
    --map_count_;
    if (last_found_ == &m) last_found_ = nullptr;
    delete &m;
    merged = before;
  }
  if (mapping* after = mappings_.next(*merged); after && can_merge(*merged, *after)) {
    merged->end = after->end;
    mappings_.erase(*after);
    --map_count_;
    if (last_found_ == after) last_found_ = nullptr;
    delete after;
  }
}

result<mapping*> address_space::split_at(mapping& m, u64 address) {
  if (map_count_ >= map_count_max) return fail(errc::no_memory);
  unique<mapping> upper = TRY(make_unique<mapping>());
  upper->begin = address;
  upper->end = m.end;
  upper->protection = m.protection;
  upper->shared = m.shared;
  upper->stack = m.stack;
  upper->huge_allowed = m.huge_allowed;
  upper->source = m.source;
  upper->source_page = m.page_of(address);
  upper->label = m.label;
  m.end = address;
  ++map_count_;
  mappings_.insert(*upper);
  return upper.release();
}

/// Splits the mappings that cross `begin` or `end`.
result<> address_space::isolate(u64 begin, u64 end) {
  for (const u64 border : {begin, end}) {
    mapping* m = first_above(border);
    if (m && m->begin < border) TRY(split_at(*m, border));
  }
  return {};
}

result<> address_space::unmap_locked(u64 begin, u64 end) {
  mapping* m = first_above(begin);
  if (!m || m->begin >= end) return {};
  TRY(isolate(begin, end));
  TRY(pages_.zap(begin, end));
  m = first_above(begin);
  while (m && m->begin < end) {
    mapping* next = mappings_.next(*m);
    mappings_.erase(*m);
    mapped_bytes_ -= m->end - m->begin;
    --map_count_;
    if (last_found_ == m) last_found_ = nullptr;
    delete m;
    m = next;
  }
  if (end > search_top_ && end <= map_top_) search_top_ = end;
  return {};
}

/// nullptr if nothing is mapped in the range; else what is.
mapping* address_space::gap_is_free(u64 begin, u64 end) {
  mapping* m = first_above(begin);
  return m && m->begin < end ? m : nullptr;
}

result<u64> address_space::find_gap(const map_request& request, u64 size) {
  const u64 alignment = size >= huge_page_size && !request.source ? huge_page_size : page_size;
  if (request.hint) {
    const u64 hint = align_down(request.hint, page_size);
    if (hint >= lowest && hint < highest && size <= highest - hint && !gap_is_free(hint, hint + size)) return hint;
  }
  // Top-down: below the last place, then once more from the top.
  u64 tops[2] = {search_top_, map_top_};
  if (request.low_32_bits) tops[0] = tops[1] = 1ull << 31;
  for (u64 top : tops) {
    u64 end = top;
    while (end >= lowest + size) {
      const u64 begin = align_down(end - size, alignment);
      if (begin < lowest) break;
      mapping* in_the_way = gap_is_free(begin, begin + size);
      if (!in_the_way) {
        if (!request.low_32_bits) search_top_ = begin;
        return begin;
      }
      end = in_the_way->begin;
    }
  }
  return fail(errc::no_memory);
}

result<u64> address_space::map(const map_request& request) {
  const u64 size = align_up(request.size, page_size);
  if (request.size == 0) return fail(errc::invalid);
  if (size < request.size || size > highest) return fail(errc::no_memory);
  unique<mapping> fresh = TRY(make_unique<mapping>());
  u64 begin;
  {
    sync::mutex_guard g(mutex_);
    if (map_count_ >= map_count_max) return fail(errc::no_memory);
    if (request.fixed || request.fixed_no_replace) {
      begin = request.hint;
      if (!is_aligned(begin, page_size)) return fail(errc::invalid);
      if (begin < lowest) return fail(errc::not_permitted);
      if (begin >= highest || size > highest - begin) return fail(errc::no_memory);
      if (request.fixed_no_replace && gap_is_free(begin, begin + size)) return fail(errc::exists);
      TRY(unmap_locked(begin, begin + size));
    } else {
      begin = TRY(find_gap(request, size));
    }
    fresh->begin = begin;
    fresh->end = begin + size;
    fresh->protection = request.protection;
    fresh->shared = request.shared;
    fresh->stack = request.stack;
    fresh->source = request.source;
    fresh->source_page = request.source_page;
    fresh->label = request.label;
    mapping& m = *fresh.release();
    insert(m);
    try_merge(m);
  }
  if (request.populate) (void)populate(begin, size);
  return begin;
}

result<> address_space::unmap(u64 begin, u64 size) {
  if (!is_aligned(begin, page_size) || size == 0 || begin >= highest || size > highest - begin) return fail(errc::invalid);
  sync::mutex_guard g(mutex_);
  return unmap_locked(begin, begin + align_up(size, page_size));
}

result<> address_space::protect(u64 begin, u64 size, u32 protection) {
  if (!is_aligned(begin, page_size)) return fail(errc::invalid);
  if (size == 0) return {};
  u64 end = begin + align_up(size, page_size);
  if (end <= begin || end > highest) return fail(errc::no_memory);
  sync::mutex_guard g(mutex_);
  // What lies before the first hole is changed, then ENOMEM tells of the hole, as in Linux.
  u64 covered = begin;
  for (mapping* m = first_above(begin); m && m->begin <= covered && covered < end; m = mappings_.next(*m)) covered = m->end;
  const bool hole = covered < end;
  if (covered == begin) return fail(errc::no_memory);
  if (hole) end = covered;
  TRY(isolate(begin, end));
  for (mapping* m = first_above(begin); m && m->begin < end;) {
    m->protection = protection;
    TRY(pages_.protect(m->begin, m->end, protection, !m->shared));
    m = mappings_.next(*m);
  }
  // Merge from the end backwards: a merge deletes the later mapping or folds into the earlier one.
  mapping* m = first_above(begin);
  if (m) try_merge(*m);
  for (m = first_above(begin); m && m->begin < end;) {
    mapping* next = mappings_.next(*m);
    if (next && next->begin <= end && can_merge(*m, *next)) {
      try_merge(*next);
      m = first_above(begin);
      if (m->end >= end) break;
      continue;
    }
    m = next;
  }
  if (hole) return fail(errc::no_memory);
  return {};
}

result<u64> address_space::remap(u64 old_begin, u64 old_size, u64 new_size, u32 flags, u64 new_begin) {
  constexpr u32 may_move = 1, fixed = 2;
  if (!is_aligned(old_begin, page_size) || new_size == 0 || flags & ~(may_move | fixed) || (flags & fixed && !(flags & may_move)))
    return fail(errc::invalid);
  old_size = align_up(old_size, page_size);
  new_size = align_up(new_size, page_size);
  if (old_size == 0 || new_size > highest) return fail(errc::invalid);
  sync::mutex_guard g(mutex_);
  mapping* m = find(old_begin);
  if (!m || m->end < old_begin + old_size) return fail(errc::fault);
  if (!(flags & fixed)) {
    if (new_size <= old_size) {
      if (new_size < old_size) TRY(unmap_locked(old_begin + new_size, old_begin + old_size));
      return old_begin;
    }
    // Grow in place when the room above is free.
    if (m->end == old_begin + old_size && old_begin + new_size <= highest && !gap_is_free(m->end, old_begin + new_size)) {
      mapped_bytes_ += new_size - old_size;
      m->end = old_begin + new_size;
      try_merge(*m);
      return old_begin;
    }
    if (!(flags & may_move)) return fail(errc::no_memory);
  }
  map_request request;
  request.size = new_size;
  request.source = m->source;
  u64 target;
  if (flags & fixed) {
    if (!is_aligned(new_begin, page_size) || new_begin < lowest || new_begin >= highest || new_size > highest - new_begin)
      return fail(errc::invalid);
    if (new_begin < old_begin + old_size && old_begin < new_begin + new_size) return fail(errc::invalid);
    TRY(unmap_locked(new_begin, new_begin + new_size));
    target = new_begin;
  } else {
    target = TRY(find_gap(request, new_size));
  }
  if (new_size < old_size) {
    TRY(unmap_locked(old_begin + new_size, old_begin + old_size));
    old_size = new_size;
  }
  TRY(isolate(old_begin, old_begin + old_size));
  m = find(old_begin);
  unique<mapping> fresh = TRY(make_unique<mapping>());
  fresh->begin = target;
  fresh->end = target + new_size;
  fresh->protection = m->protection;
  fresh->shared = m->shared;
  fresh->huge_allowed = m->huge_allowed;
  fresh->source = m->source;
  fresh->source_page = m->source_page;
  TRY(pages_.move(old_begin, target, old_size));
  mapping& placed = *fresh.release();
  insert(placed);
  TRY(unmap_locked(old_begin, old_begin + old_size));
  try_merge(placed);
  return target;
}

result<> address_space::discard(u64 begin, u64 size) {
  if (!is_aligned(begin, page_size)) return fail(errc::invalid);
  const u64 end = begin + align_up(size, page_size);
  if (end < begin || end > highest) return fail(errc::invalid);
  sync::mutex_guard g(mutex_);
  bool hole = false;
  u64 at = begin;
  for (mapping* m = first_above(begin); m && m->begin < end; m = mappings_.next(*m)) {
    if (m->begin > at) hole = true;
    const u64 from = m->begin > begin ? m->begin : begin;
    const u64 to = m->end < end ? m->end : end;
    TRY(pages_.zap(from, to));
    at = m->end;
  }
  if (hole || at < end) return fail(errc::no_memory);
  return {};
}

result<> address_space::allow_huge(u64 begin, u64 size, bool allowed) {
  const u64 end = begin + align_up(size, page_size);
  if (!is_aligned(begin, page_size) || end < begin) return fail(errc::invalid);
  sync::mutex_guard g(mutex_);
  TRY(isolate(begin, end));
  for (mapping* m = first_above(begin); m && m->begin < end; m = mappings_.next(*m)) m->huge_allowed = allowed;
  return {};
}

result<> address_space::residency(u64 begin, u64 size, u8* into) {
  sync::mutex_guard g(mutex_);
  for (u64 at = begin; at < begin + size; at += page_size) {
    if (!find(at)) return fail(errc::no_memory);
    into[(at - begin) / page_size] = pages_.is_resident(at) ? 1 : 0;
  }
  return {};
}

shared_place address_space::shared_place_of(u64 address) {
  sync::mutex_guard g(mutex_);
  mapping* m = find(address);
  if (!m || !m->shared || !m->source) return {};
  return {reinterpret_cast<u64>(m->source.get()), m->page_of(address) * page_size + (address & (page_size - 1))};
}

bool address_space::is_mapped(u64 begin, u64 size) {
  sync::mutex_guard g(mutex_);
  u64 at = begin;
  for (mapping* m = first_above(begin); m && m->begin <= at && at < begin + size; m = mappings_.next(*m)) at = m->end;
  return at >= begin + size;
}

void address_space::place_heap(u64 begin) { heap_begin_ = heap_end_ = begin; }

u64 address_space::set_break(u64 requested) {
  const u64 old_end = align_up(heap_end_, page_size);
  const u64 new_end = align_up(requested, page_size);
  if (requested < heap_begin_ || requested >= highest) return heap_end_;
  if (new_end > old_end) {
    map_request request;
    request.hint = old_end;
    request.size = new_end - old_end;
    request.protection = protection::read | protection::write;
    request.fixed_no_replace = true;
    request.label = "[heap]";
    if (!map(request).ok()) return heap_end_;
  } else if (new_end < old_end) {
    if (!unmap(new_end, old_end - new_end).ok()) return heap_end_;
  }
  heap_end_ = requested;
  return heap_end_;
}

void address_space::clear() {
  sync::mutex_guard g(mutex_);
  (void)unmap_locked(lowest, highest);
  heap_begin_ = heap_end_ = 0;
  search_top_ = map_top_;
}

void address_space::for_each(function_ref<void(const mapping&)> f) {
  sync::mutex_guard g(mutex_);
  for (mapping* m = mappings_.first(); m; m = mappings_.next(*m)) f(*m);
}

}  // namespace osv::memory
