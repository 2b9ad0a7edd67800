#include "vfs/ext4/extents.hh"

namespace osv::vfs::ext4 {

usize extent_list::first_behind(u32 logical) const {
  usize low = 0, high = list_.size();
  while (low < high) {
    const usize middle = low + (high - low) / 2;
    if (list_[middle].end() <= logical)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

mapped_run extent_list::find(u32 logical) const {
  const usize i = first_behind(logical);
  if (i == list_.size()) return {0, ~0u - logical, false};
  const extent& e = list_[i];
  if (e.logical > logical) return {0, e.logical - logical, false};
  return {e.physical + (logical - e.logical), e.end() - logical, e.unwritten};
}

result<> extent_list::append(const extent& e) {
  if (!e.length || e.logical > ~0u - e.length || (!list_.empty() && e.logical < end())) return fail(errc::corrupt);
  return list_.push_back(e);
}

result<> extent_list::insert_at(usize i, const extent& e) {
  TRY(list_.push_back(e));
  for (usize at = list_.size() - 1; at > i; --at) list_[at] = list_[at - 1];
  list_[i] = e;
  return {};
}

bool extent_list::join(usize i) {
  if (i + 1 >= list_.size()) return false;
  extent& a = list_[i];
  const extent& b = list_[i + 1];
  const u32 most = a.unwritten ? extent_length_max - 1 : extent_length_max;
  if (a.end() != b.logical || a.physical + a.length != b.physical || a.unwritten != b.unwritten || a.length + b.length > most) return false;
  a.length += b.length;
  list_.erase(i + 1);
  return true;
}

result<usize> extent_list::insert(extent e) {
  usize i = first_behind(e.logical);
  if (i < list_.size() && list_[i].logical < e.end()) return fail(errc::corrupt);
  TRY(insert_at(i, e));
  (void)join(i);
  if (i && join(i - 1)) --i;
  return i;
}

result<usize> extent_list::mark_written(u32 logical, u32 length) {
  // At most two more extents; taken first, so that nothing fails half-way.
  TRY(list_.reserve(list_.size() + 2));
  usize i = first_behind(logical);
  if (i == list_.size() || list_[i].logical > logical || list_[i].end() < logical + length || !list_[i].unwritten) return fail(errc::corrupt);
  const extent whole = list_[i];
  if (whole.logical < logical) {
    list_[i].length = logical - whole.logical;
    ++i;
    TRY(insert_at(i, {logical, length, whole.physical + (logical - whole.logical), false}));
  } else {
    list_[i] = {logical, length, whole.physical, false};
  }
  if (whole.end() > logical + length)
    TRY(insert_at(i + 1, {logical + length, whole.end() - logical - length, whole.physical + (logical + length - whole.logical), true}));
  (void)join(i);
  const usize first = i ? i - 1 : 0;
  if (i) (void)join(i - 1);
  return first;
}

result<usize> extent_list::remove(u32 first, u32& end, usize pieces_max, function_ref<result<>(u64 physical, u32 length)> gone) {
  TRY(list_.reserve(list_.size() + 1));
  usize changed = list_.size();
  while (end > first && pieces_max--) {
    // The last extent that begins before `end`.
    usize i = first_behind(end - 1);
    if (i == list_.size() || list_[i].logical >= end) {
      if (i == 0) {
        end = first;
        break;
      }
      --i;
    }
    const extent e = list_[i];
    if (e.end() <= first) {
      end = first;
      break;
    }
    const u32 from = e.logical > first ? e.logical : first;
    const u32 to = e.end() < end ? e.end() : end;
    TRY(gone(e.physical + (from - e.logical), to - from));
    if (i < changed) changed = i;
    if (to < e.end()) {
      const extent rest{to, e.end() - to, e.physical + (to - e.logical), e.unwritten};
      if (from > e.logical) {
        list_[i].length = from - e.logical;
        TRY(insert_at(i + 1, rest));
      } else {
        list_[i] = rest;
      }
    } else if (from > e.logical) {
      list_[i].length = from - e.logical;
    } else {
      list_.erase(i);
    }
    end = from;
  }
  return changed;
}

}  // namespace osv::vfs::ext4
