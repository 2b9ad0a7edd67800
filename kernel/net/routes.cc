#include "net/routes.hh"

namespace osv::net {

result<> route_table::add(const route_entry& e) {
  lock::guard g(lock_);
  if (entries_.size() >= entries_max) return fail(errc::no_space);
  usize at = 0;
  while (at < entries_.size() && (entries_[at].prefix > e.prefix || (entries_[at].prefix == e.prefix && entries_[at].metric <= e.metric))) {
    const route_entry& old = entries_[at];
    if (old.destination == e.destination && old.prefix == e.prefix && old.metric == e.metric && old.gateway == e.gateway && old.out == e.out)
      return fail(errc::exists);
    ++at;
  }
  TRY(entries_.push_back(e));
  for (usize i = entries_.size() - 1; i > at; --i) entries_[i] = entries_[i - 1];
  entries_[at] = e;
  changed();
  return {};
}

void route_table::remove_all(interface& of) {
  lock::guard g(lock_);
  for (usize i = entries_.size(); i-- > 0;)
    if (entries_[i].out == &of) entries_.erase(i);
  changed();
}

bool route_table::find(u32 destination, route_entry& into, const interface* out) {
  lock::guard g(lock_);
  for (const route_entry& e : entries_) {
    if ((destination ^ e.destination) & ipv4_mask(e.prefix)) continue;
    if (out && e.out != out) continue;
    into = e;
    return true;
  }
  return false;
}

void route_table::for_each(function_ref<void(const route_entry&)> f) {
  for (usize i = 0;; ++i) {
    route_entry e;
    {
      lock::guard g(lock_);
      if (i >= entries_.size()) return;
      e = entries_[i];
    }
    f(e);
  }
}

}  // namespace osv::net
