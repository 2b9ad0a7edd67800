// Opening: active (connect), passive (SYN to a listener, SYN cookies), and what both have in common.
#include "net/poll_bits.hh"
#include "net/tcp/connection.hh"
#include "trace/count.hh"

namespace osv::net::tcp {

namespace {

constexpr u32 half_open_max = 1024;      // beyond, SYN cookies
constexpr u16 default_mss = 536;         // RFC 9293 §3.7.1
constexpr u16 mss_min = 88;              // below, options would eat the segment; as Linux's TCP_MIN_SND_MSS with room
constexpr u16 cookie_mss[8] = {536, 1024, 1220, 1300, 1400, 1440, 1460, 8960};
constexpr nanoseconds cookie_period = 64 * second;
// Without SACK a large window is of little use: a loss costs a round trip for each segment. And passt, which has none, drops
// acknowledgements when some 280 of them wait for QEMU, and data when some 400 KiB wait for its reader.
constexpr u32 window_without_sack = 128 << 10;

u32 initial_sequence(stack& s, const flow& f) {
  // RFC 6528: a 4 µs clock plus a keyed hash of the connection.
  const u64 words[5] = {f.local.high ^ f.remote.high, f.local.low, f.remote.low, static_cast<u64>(f.local_port) << 16 | f.remote_port, 1};
  return static_cast<u32>(siphash(s.secret, words, 5)) + static_cast<u32>(now() / 4000);
}

u32 timestamp_start(stack& s, const flow& f) {
  // RFC 7323 §7.1: an offset per pair of hosts, so that time-stamps rise from connection to connection.
  const u64 words[4] = {f.local.high ^ f.remote.high, f.local.low, f.remote.low, 2};
  return static_cast<u32>(siphash(s.secret, words, 4));
}

u8 window_scale_for(u32 bytes) {
  u8 scale = 0;
  while (scale < segment::scale_max && bytes >> scale > 65535) ++scale;
  return scale;
}

}  // namespace

void connection::begin_open(bool active) {
  active_open_ = active;
  send_shutdown_ = receive_shutdown_ = fin_sent_ = fin_received_ = fin_known_ = false;
  error_ = soft_error_ = errc::ok;
  iss_ = initial_sequence(stack_, key);
  snd_una_ = snd_nxt_ = iss_;
  snd_wnd_ = snd_max_wnd_ = 0;
  small_pending_ = false;
  send_.reset(iss_ + 1);
  score_.clear();
  round_trip_ = round_trip{};
  phase_ = phase::open;
  duplicate_acks_ = 0;
  backoffs_ = probes_sent_ = syn_retries_ = keep_probes_ = 0;
  probe_outstanding_ = may_undo_ = false;
  timestamp_offset_ = timestamp_start(stack_, key);
  timestamps_ = sack_ = scaling_ = active;  // offered
  const u32 largest = options.receive_buffer_fixed || options.receive_buffer > receive_buffer_max ? options.receive_buffer : receive_buffer_max;
  rcv_scale_ = window_scale_for(largest);
  snd_scale_ = 0;
  quick_acks_ = 16;
  interactive_ = false;
  acknowledge_now_ = acknowledge_later_ = false;
  unacknowledged_received_ = 0;
  received_mss_ = default_mss;
  progress_at_ = last_received_at = tune_started_ = clock();
  tune_bytes_ = 0;
}

result<> connection::update_route() {
  const u32 generation = stack_.routes.generation();
  if (generation == route_generation_) [[likely]]
    return {};
  route_ = TRY(stack_.find_route(key.remote, key.local));
  neighbour_ = nullptr;
  if (!route_.local) neighbour_ = TRY(route_.out->neighbours().find(route_.next_hop.ipv4()));
  route_generation_ = generation;
  return {};
}

void connection::set_mss() {
  const u32 headers = (key.remote.is_ipv4() ? sizeof(ipv4_header) : 40) + sizeof(tcp_header);
  u32 mss = route_.mtu > headers + mss_min ? route_.mtu - headers : mss_min;
  if (peer_mss_ < mss) mss = peer_mss_;
  if (options.mss_max && options.mss_max < mss) mss = options.mss_max;
  if (mss < mss_min) mss = mss_min;
  if (timestamps_) mss -= 12;
  mss_ = static_cast<u16>(mss);
  congestion_.set_mss(mss_);
}

void connection::shrink_path_mtu(u16 mtu) {
  constexpr u16 path_mtu_min = 552;  // as Linux's min_pmtu: smaller claims are taken for attacks
  if (mtu < path_mtu_min) mtu = path_mtu_min;
  if (mtu >= route_.mtu) return;
  route_.mtu = mtu;
  set_mss();
  score_.mark_all_lost(false, clock());
}

result<> connection::choose_port() {
  if (local_endpoint.port) {
    key.local_port = local_endpoint.port;
    return stack_.connections.insert(*this);
  }
  constexpr u32 range = port_table::ephemeral_last - port_table::ephemeral_first + 1;
  static std::atomic<u32> counter{0};
  // RFC 6056 §3.3.3: a keyed start for each destination, then onwards; the step is odd so that a busy table spreads.
  const u64 words[4] = {key.local.low, key.remote.low ^ key.remote.high, key.remote_port, 3};
  const u32 start = static_cast<u32>(siphash(stack_.secret, words, 4)) + counter.fetch_add(1, std::memory_order_relaxed);
  for (u32 i = 0; i < range; ++i) {
    const u16 port = static_cast<u16>(port_table::ephemeral_first + (start + i) % range);
    key.local_port = port;
    if (stack_.tcp_ports.occupied({key.local, port})) continue;
    auto inserted = stack_.connections.insert(*this);
    if (inserted.ok()) return {};
  }
  return fail(errc::address_not_available);
}

result<> connection::connect(const endpoint& remote) {
  key = flow{};
  key.remote = remote.ip;
  if (remote.ip.is_unspecified()) key.remote = remote.ip.is_ipv4() || socket_family == family_ipv4 ? address::from_ipv4(ipv4_loopback) : address::ipv6_loopback();
  key.remote_port = remote.port;
  if (key.remote.is_multicast()) return fail(errc::network_unreachable);
  const address wanted = is_bound() || local_endpoint.port ? local_endpoint.ip : address{};
  route_ = TRY(stack_.find_route(key.remote, wanted));
  if (route_.broadcast) return fail(errc::network_unreachable);
  if (route_.source.is_unspecified()) return fail(errc::address_not_available);
  if (route_.source.is_ipv4() != key.remote.is_ipv4()) return fail(errc::network_unreachable);
  key.local = route_.source;
  TRY(choose_port());
  route_generation_ = 0;
  auto routed = update_route();
  if (!routed.ok()) {
    stack_.connections.erase(*this);
    return routed;
  }
  begin_open(true);
  peer_mss_ = 65535;
  set_mss();
  set_state(state::syn_sent);
  trace::count(trace::counter::tcp_connections_opened);
  send_syn();
  dirty_ = true;
  return {};
}

void connection::adopt_options(const segment& syn) {
  timestamps_ = timestamps_ && syn.has_timestamp;
  sack_ = sack_ && syn.sack_permitted;
  scaling_ = scaling_ && syn.window_scale != segment::no_scale;
  snd_scale_ = scaling_ ? syn.window_scale : 0;
  if (!scaling_) rcv_scale_ = 0;
  peer_mss_ = syn.mss ? syn.mss : default_mss;
  if (syn.has_timestamp) {
    ts_recent_ = syn.timestamp_value;
    ts_recent_at_ = clock();
  }
  irs_ = syn.sequence;
  rcv_nxt_ = irs_ + 1;
  last_acknowledged_ = rcv_nxt_;
  rcv_adv_ = rcv_nxt_;
  set_mss();
}

void connection::become_established() {
  set_state(send_shutdown_ ? state::fin_wait_1 : state::established);
  congestion_.reset(mss_, route_.local, sack_ ? congestion::limit_none : window_without_sack);
  backoffs_ = 0;
  retransmit_at_ = never;
  progress_at_ = last_received_at = clock();
  if (route_.local) peer_ = stack_.connections.find({key.remote, key.local, key.remote_port, key.local_port});
  if (peer_.get() == this) peer_ = nullptr;
  if (options.keep_alive) keep_alive_at_ = progress_at_ + options.keep_idle_seconds * second;
  wake_ |= poll_out;
}

result<> connection::listen(u32 backlog) {
  constexpr u32 backlog_max = 4096;  // somaxconn
  if (backlog > backlog_max) backlog = backlog_max;
  dirty_ = true;
  if (!listening_) listening_ = TRY(osv::make_unique<listener_state>());
  {
    lock::guard g(listening_->lock);
    listening_->backlog = backlog;
    listening_->open = true;
  }
  if (state_ == state::listen) return {};
  TRY(stack_.tcp_ports.listen(*this));
  error_ = errc::ok;
  send_shutdown_ = receive_shutdown_ = false;
  set_state(state::listen);
  ready_.store(0, std::memory_order_release);
  return {};
}

ref<connection> connection::take_accepted() {
  if (!listening_) return nullptr;
  listener_state& l = *listening_;
  lock::guard g(l.lock);
  connection* child = l.first;
  if (!child) return nullptr;
  l.first = child->next_accepted;
  if (!l.first) {
    l.last = &l.first;
    ready_.store(0, std::memory_order_release);
  }
  --l.ready;
  return ref<connection>::adopt(child);
}

bool connection::hand_to_listener() {
  if (!listener_) return true;
  connection& parent = *listener_;
  listener_state& l = *parent.listening_;
  {
    lock::guard g(l.lock);
    if (!l.open) return false;
    if (std::exchange(counted_half_open_, false)) --l.half_open;
    retain();
    next_accepted = nullptr;
    *l.last = this;
    l.last = &next_accepted;
    ++l.ready;
    parent.ready_.store(poll_in, std::memory_order_release);
  }
  trace::count(trace::counter::tcp_connections_accepted);
  parent.waiters.wake_one(poll_in);
  listener_ = nullptr;
  return true;
}

result<ref<connection>> connection::make_child(connection& listener, const flow& f, const route& r) {
  ref<connection> c = TRY(make_ref<connection>(listener.stack_, listener.socket_family));
  c->options = listener.options;
  c->key = f;
  c->local_endpoint = {f.local, f.local_port};
  c->ipv6_only = listener.ipv6_only;
  c->route_ = r;
  c->listener_ = ref<connection>(&listener);
  return c;
}

void connection::syn_received(const segment& g, const flow& f, interface&) {
  listener_state& l = *listening_;
  bool cookie = false;
  {
    lock::guard guard(l.lock);
    if (!l.open) return;
    if (l.ready > l.backlog) {
      trace::count(trace::counter::tcp_listen_overflows);
      return;
    }
    const u32 limit = l.backlog < 16 ? 16 : l.backlog > half_open_max ? half_open_max : l.backlog;
    cookie = l.half_open >= limit;
    if (!cookie) ++l.half_open;
  }
  auto r = stack_.find_route(f.remote, f.local);
  if (cookie) {
    trace::count(trace::counter::tcp_listen_overflows);
    if (r.ok()) send_cookie(g, f, r.value());
    return;
  }
  const auto give_up = [&] {
    lock::guard guard(l.lock);
    --l.half_open;
  };
  if (!r.ok()) return give_up();
  auto made = make_child(*this, f, r.value());
  if (!made.ok()) return give_up();
  connection& c = *made.value();
  owner o(c);
  if (!c.update_route().ok() || !stack_.connections.insert(c).ok()) {
    c.listener_ = nullptr;
    return give_up();
  }
  c.counted_half_open_ = true;
  c.begin_open(false);
  c.timestamps_ = c.sack_ = c.scaling_ = true;
  c.adopt_options(g);
  c.snd_wnd_ = g.window;  // never scaled in a SYN
  c.snd_wl1_ = g.sequence;
  c.set_state(state::syn_received);
  c.send_syn();
  c.dirty_ = true;
}

u32 connection::make_cookie(const flow& f, u32 irs, u32 mss_index, u32 tick) const {
  const u64 words[5] = {f.local.high ^ f.remote.high, f.local.low, f.remote.low, static_cast<u64>(f.local_port) << 16 | f.remote_port,
                        static_cast<u64>(irs) << 32 | (tick & 31) << 3 | mss_index | 0x1000};
  return (tick & 31) << 27 | mss_index << 24 | (static_cast<u32>(siphash(stack_.secret, words, 5)) & 0xffffff);
}

void connection::send_cookie(const segment& g, const flow& f, const route& r) {
  u32 index = 0;
  for (u32 i = 1; i < 8; ++i)
    if (cookie_mss[i] <= g.mss) index = i;
  auto created = io::packet::create();
  if (!created.ok()) return;
  unique<io::packet> p = created.release();
  auto* header = reinterpret_cast<tcp_header*>(p->append(sizeof(tcp_header) + 4));
  *header = tcp_header{};
  header->source_port = f.local_port;
  header->destination_port = f.remote_port;
  header->sequence = make_cookie(f, g.sequence, index, static_cast<u32>(now() / cookie_period));
  header->acknowledgement = g.sequence + 1;
  header->offset = 6 << 4;
  header->flags = tcp_syn | tcp_ack;
  header->window = 65535;
  const u16 mss = static_cast<u16>(r.mtu - sizeof(ipv4_header) - sizeof(tcp_header));
  u8* option = reinterpret_cast<u8*>(header + 1);
  option[0] = option_mss, option[1] = 4, option[2] = static_cast<u8>(mss >> 8), option[3] = static_cast<u8>(mss);
  stack::finish_checksum(*p, r, f.local, f.remote, protocol_tcp, offsetof(tcp_header, checksum));
  stack::send_options o;
  o.protocol = protocol_tcp;
  trace::count(trace::counter::tcp_segments_sent);
  (void)stack_.send(std::move(p), r, f.local, f.remote, o);
}

bool connection::cookie_received(const segment& g, const flow& f, interface&, unique<io::packet>& packet) {
  if (!g.ack() || g.syn() || g.rst() || !listening_) return false;
  const u32 cookie = g.acknowledgement - 1, irs = g.sequence - 1;
  const u32 tick = static_cast<u32>(now() / cookie_period), index = cookie >> 24 & 7;
  if (make_cookie(f, irs, index, tick) != cookie && make_cookie(f, irs, index, tick - 1) != cookie) return false;
  {
    lock::guard guard(listening_->lock);
    if (!listening_->open || listening_->ready > listening_->backlog) return true;  // dropped: it will try again
  }
  auto r = stack_.find_route(f.remote, f.local);
  if (!r.ok()) return true;
  auto made = make_child(*this, f, r.value());
  if (!made.ok()) return true;
  connection& c = *made.value();
  owner o(c);
  if (!c.update_route().ok() || !stack_.connections.insert(c).ok()) {
    c.listener_ = nullptr;
    return true;
  }
  c.begin_open(false);
  segment syn;
  syn.sequence = irs;
  syn.mss = cookie_mss[index];
  c.adopt_options(syn);
  c.iss_ = cookie;
  c.snd_una_ = c.iss_;
  c.snd_nxt_ = c.iss_ + 1;
  c.send_.reset(c.snd_nxt_);
  c.rcv_adv_ = c.rcv_nxt_ + 65535;
  c.snd_wl1_ = irs;
  c.set_state(state::syn_received);
  c.input_parsed(g, std::move(packet));
  c.dirty_ = true;
  return true;
}

}  // namespace osv::net::tcp
