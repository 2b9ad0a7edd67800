#include "net/flow_table.hh"

#include "net/tcp/connection.hh"

namespace osv::net {

flow_table::~flow_table() { delete[] buckets_; }

result<> flow_table::initialize(u32 buckets, u64 key0, u64 key1) {
  buckets_ = new (std::nothrow) bucket[buckets];
  if (!buckets_) return fail(errc::no_memory);
  mask_ = buckets - 1;
  key0_ = key0;
  key1_ = key1;
  return {};
}

ref<tcp::connection> flow_table::find(const flow& f) {
  bucket& b = bucket_of(f);
  lock::guard g(b.lock);
  for (tcp::connection* c = b.first; c; c = c->next_in_bucket)
    if (c->key == f) return ref<tcp::connection>(c);
  return nullptr;
}

result<> flow_table::insert(tcp::connection& c) {
  bucket& b = bucket_of(c.key);
  lock::guard g(b.lock);
  for (tcp::connection* other = b.first; other; other = other->next_in_bucket)
    if (other->key == c.key) return fail(errc::address_not_available);
  c.retain();
  c.next_in_bucket = b.first;
  c.in_table = true;
  b.first = &c;
  return {};
}

void flow_table::erase(tcp::connection& c) {
  bucket& b = bucket_of(c.key);
  {
    lock::guard g(b.lock);
    if (!c.in_table) return;
    tcp::connection** at = &b.first;
    while (*at != &c) at = &(*at)->next_in_bucket;
    *at = c.next_in_bucket;
    c.in_table = false;
  }
  c.release();
}

void flow_table::clear() {
  for (u32 i = 0; i <= mask_ && buckets_; ++i)
    while (tcp::connection* c = buckets_[i].first) {
      c->abandon();
      erase(*c);
    }
}

ref<tcp::connection> flow_table::find_from(u32& bucket, function_ref<bool(const tcp::connection&)> holds) {
  for (; bucket <= mask_ && buckets_; ++bucket) {
    lock::guard g(buckets_[bucket].lock);
    for (tcp::connection* c = buckets_[bucket].first; c; c = c->next_in_bucket)
      if (holds(*c)) return ref<tcp::connection>(c);
  }
  return nullptr;
}

void flow_table::for_each(function_ref<void(tcp::connection&)> f) {
  for (u32 i = 0; i <= mask_ && buckets_; ++i) {
    lock::guard g(buckets_[i].lock);
    for (tcp::connection* c = buckets_[i].first; c; c = c->next_in_bucket) f(*c);
  }
}

}  // namespace osv::net
