#include "net/neighbour.hh"

#include "net/headers.hh"
#include "net/interface.hh"
#include "net/stack.hh"

namespace osv::net {

namespace {

constexpr devices::mac_address broadcast_mac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

u64 pack(const u8* mac) {
  u64 value = 0;
  __builtin_memcpy(&value, mac, 6);
  return value;
}

void send_arp(interface& i, u16 operation, const devices::mac_address& to, u32 sender_ip, u32 target_ip, const u8* target_mac) {
  auto created = io::packet::create();
  if (!created.ok()) return;
  unique<io::packet> p = created.release();
  arp_header arp{};
  arp.hardware_type = 1;
  arp.protocol_type = ether_type_ipv4;
  arp.hardware_size = 6;
  arp.protocol_size = 4;
  arp.operation = operation;
  const devices::mac_address own = i.mac();
  __builtin_memcpy(arp.sender_mac, own.bytes, 6);
  arp.sender_ip = sender_ip;
  if (target_mac) __builtin_memcpy(arp.target_mac, target_mac, 6);
  arp.target_ip = target_ip;
  __builtin_memcpy(p->append(sizeof arp), &arp, sizeof arp);
  i.transmit(std::move(p), to, ether_type_arp);
}

}  // namespace

neighbour_table::~neighbour_table() { clear(); }

void neighbour_table::announce(u32 ip) { send_arp(interface_, arp_request, broadcast_mac, ip, ip, nullptr); }

void neighbour_table::clear() {
  for (neighbour*& head : table_)
    while (neighbour* n = head) {
      head = n->next;
      io::discard(n->waiting);
      n->release();
    }
  count_ = 0;
}

void neighbour_table::evict_locked() {
  neighbour** oldest = nullptr;
  for (neighbour*& head : table_)
    for (neighbour** at = &head; *at; at = &(*at)->next)
      if (!oldest || (*at)->used_at < (*oldest)->used_at) oldest = at;
  if (!oldest) return;
  neighbour* n = *oldest;
  *oldest = n->next;
  n->current.store(neighbour::state::failed, std::memory_order_relaxed);
  io::discard(n->waiting);
  --count_;
  n->release();
}

void neighbour_table::schedule_locked(nanoseconds deadline) {
  if (deadline >= next_) return;
  next_ = deadline;
  interface_.owner().timers.arm(*this, deadline);
}

result<ref<neighbour>> neighbour_table::find(u32 ip) {
  lock::guard g(lock_);
  for (neighbour* n = *slot(ip); n; n = n->next)
    if (n->ip == ip) return ref<neighbour>(n);
  if (count_ >= entries_max) evict_locked();
  neighbour* n = TRY(make_ref<neighbour>()).leak();
  n->ip = ip;
  n->used_at = now();
  n->next = *slot(ip);
  *slot(ip) = n;
  ++count_;
  return ref<neighbour>(n);
}

void neighbour_table::send(neighbour& n, unique<io::packet> packet) {
  using state = neighbour::state;
  const state s = n.current.load(std::memory_order_acquire);
  if (s == state::reachable) return interface_.transmit(std::move(packet), n.mac_bytes(), ether_type_ipv4);
  bool ask = false, stale = false;
  {
    lock::guard g(lock_);
    n.used_at = now();
    if (n.current.load(std::memory_order_relaxed) == state::stale) {
      stale = true;
      if (n.deadline == never) {
        ask = true;
        n.probes = n.unanswered = 1;
        n.deadline = now() + probe_interval;
        schedule_locked(n.deadline);
      }
    } else if (n.current.load(std::memory_order_relaxed) != state::reachable) {
      n.waiting.push_back(*packet.release());
      if (n.waiting_count == waiting_max)
        delete n.waiting.pop_front();
      else
        ++n.waiting_count;
      if (n.current.load(std::memory_order_relaxed) == state::failed || n.deadline == never) {
        n.current.store(state::incomplete, std::memory_order_relaxed);
        n.probes = n.unanswered = 1;
        n.deadline = now() + probe_interval;
        schedule_locked(n.deadline);
        ask = true;
      }
    } else {
      stale = true;  // resolved meanwhile
    }
  }
  if (ask) send_arp(interface_, arp_request, stale ? n.mac_bytes() : broadcast_mac, interface_.source_for(n.ip), n.ip, nullptr);
  if (packet) interface_.transmit(std::move(packet), n.mac_bytes(), ether_type_ipv4);
}

void neighbour_table::arp_received(const u8* raw, bool for_us) {
  arp_header arp;
  __builtin_memcpy(&arp, raw, sizeof arp);
  const u32 sender = arp.sender_ip;
  io::packet_list ready;
  ref<neighbour> found;
  if (sender != 0) {
    lock::guard g(lock_);
    for (neighbour* n = *slot(sender); n && !found; n = n->next)
      if (n->ip == sender) found = ref<neighbour>(n);
    if (!found && for_us && count_ < entries_max) {
      // RFC 826: who asks for us is soon sent to; its address is taken over (as stale).
      auto made = make_ref<neighbour>();
      if (made.ok()) {
        neighbour* n = made.release().leak();
        n->ip = sender;
        n->next = *slot(sender);
        n->used_at = now();
        *slot(sender) = n;
        ++count_;
        n->mac.store(pack(arp.sender_mac), std::memory_order_relaxed);
        n->current.store(neighbour::state::stale, std::memory_order_release);
      }
    } else if (found) {
      const u64 mac = pack(arp.sender_mac);
      const bool solicited = arp.operation == arp_reply && for_us;
      const auto s = found->current.load(std::memory_order_relaxed);
      const bool changed = found->mac.load(std::memory_order_relaxed) != mac;
      // An unasked change of a fresh entry only makes it stale: it is checked with the next packet.
      found->mac.store(mac, std::memory_order_relaxed);
      if (solicited || s == neighbour::state::incomplete || s == neighbour::state::failed) {
        found->current.store(neighbour::state::reachable, std::memory_order_release);
        found->deadline = now() + reachable_time;
        schedule_locked(found->deadline);
      } else if (changed) {
        found->current.store(neighbour::state::stale, std::memory_order_release);
        found->deadline = never;
      }
      found->probes = 0;
      if (solicited && found->unanswered) --found->unanswered;
      ready.splice_back(found->waiting);
    }
  }
  while (io::packet* p = ready.pop_front()) interface_.transmit(unique<io::packet>(p), found->mac_bytes(), ether_type_ipv4);
  if (found) {
    {
      lock::guard g(lock_);
      if (found->waiting.empty()) found->waiting_count = 0;
    }
    answered_.wake();
  }
  if (arp.operation == arp_request && for_us) {
    devices::mac_address to;
    __builtin_memcpy(to.bytes, arp.sender_mac, 6);
    send_arp(interface_, arp_reply, to, arp.target_ip, arp.sender_ip, arp.sender_mac);
  }
}

void neighbour_table::timer_fired() {
  struct probe {
    u32 ip;
    devices::mac_address to;
  };
  constexpr unsigned probes_at_once = 16;
  probe ask[probes_at_once];
  unsigned asked = 0;
  io::packet_list dead;
  {
    lock::guard g(lock_);
    const nanoseconds time = now();
    next_ = never;
    nanoseconds soonest = never;
    for (neighbour* head : table_)
      for (neighbour* n = head; n; n = n->next) {
        if (n->deadline > time) {
          if (n->deadline < soonest) soonest = n->deadline;
          continue;
        }
        const auto s = n->current.load(std::memory_order_relaxed);
        if (s == neighbour::state::reachable) {
          n->current.store(neighbour::state::stale, std::memory_order_release);
          n->deadline = never;
          continue;
        }
        if (n->probes >= probes_max) {
          n->current.store(neighbour::state::failed, std::memory_order_release);
          n->deadline = never;
          dead.splice_back(n->waiting);
          n->waiting_count = 0;
          continue;
        }
        n->deadline = time + probe_interval;
        if (n->deadline < soonest) soonest = n->deadline;
        if (asked < probes_at_once) {
          ++n->probes;
          n->unanswered = 1;  // the request before was lost, or its answer
          ask[asked++] = {n->ip, s == neighbour::state::stale && n->probes < probes_max ? n->mac_bytes() : broadcast_mac};
        }
      }
    if (soonest != never) schedule_locked(soonest);
  }
  for (unsigned i = 0; i < asked; ++i)
    send_arp(interface_, arp_request, ask[i].to, interface_.source_for(ask[i].ip), ask[i].ip, nullptr);
  while (io::packet* p = dead.pop_front()) interface_.owner().unreachable(unique<io::packet>(p));
}

void neighbour_table::confirm() {
  using state = neighbour::state;
  const auto is_in_use = [](const neighbour& n) {
    const state s = n.current.load(std::memory_order_relaxed);
    return s == state::reachable || (s == state::stale && n.deadline != never);
  };
  for (neighbour*& head : table_) {
    u32 ip = 0;
    devices::mac_address to;
    do {
      {
        lock::guard g(lock_);
        neighbour* n = head;
        while (n && (n->confirming || !is_in_use(*n))) n = n->next;
        ip = n ? n->ip : 0;
        if (n) {
          n->confirming = true;
          ++n->unanswered;
          to = n->mac_bytes();
        }
      }
      if (ip) send_arp(interface_, arp_request, to, interface_.source_for(ip), ip, nullptr);
    } while (ip);
  }
}

bool neighbour_table::wait_for_all(function_ref<bool(const neighbour&)> holds, nanoseconds deadline) {
  const auto all_hold = [&] {
    lock::guard g(lock_);
    for (neighbour* head : table_)
      for (neighbour* n = head; n; n = n->next)
        if (!holds(*n)) return false;
    return true;
  };
  return answered_.wait(all_hold, deadline, false) == sync::wait_result::ready;
}

bool neighbour_table::settle(nanoseconds deadline) {
  if (!wait_for_all([](const neighbour& n) { return n.waiting_count == 0; }, deadline)) return false;
  confirm();
  return wait_for_all([](const neighbour& n) { return !n.confirming || n.unanswered == 0; }, deadline);
}

void neighbour_table::for_each(function_ref<void(const neighbour&)> f) {
  lock::guard g(lock_);
  for (neighbour* head : table_)
    for (neighbour* n = head; n; n = n->next) f(*n);
}

}  // namespace osv::net
