// What a unix(7) socket is apart from its descriptor: its queue of packets, its peer, its name. An endpoint may outlive its
// open file: packets in its queue, a peer's reference. Both ends of a connection hold a reference to each other until either
// closes.
#pragma once

#include "base/vector.hh"
#include "io/socket_file.hh"

namespace osv::linux_abi {

enum class unix_type : u8 { stream = 1, datagram = 2, sequenced = 5 };  // SOCK_*

struct unix_credentials {
  i32 process = 0;
  u32 user = 0, group = 0;
};

/// Descriptors in flight: counted as descriptors until they are taken or dropped.
class unix_rights {
 public:
  unix_rights() = default;
  unix_rights(unix_rights&&) = default;
  unix_rights& operator=(unix_rights&& other) noexcept {
    std::swap(files_, other.files_);
    return *this;
  }
  ~unix_rights() { drop(); }
  result<> add(ref<io::file> file);
  vector<ref<io::file>>& files() { return files_; }
  bool empty() const { return files_.empty(); }
  void drop();

 private:
  vector<ref<io::file>> files_;
};

/// One send: its bytes follow the object.
struct unix_packet : pinned {
  list_hook hook;
  u32 size = 0;
  u32 consumed = 0;  // stream: bytes that were read
  unix_credentials sender;
  io::socket_address from;
  unix_rights rights;

  static result<unique<unix_packet>> create(usize size);
  u8* data() { return reinterpret_cast<u8*>(this + 1); }
  void operator delete(void* memory) { ::operator delete(memory); }
};

class unix_endpoint : public ref_counted<unix_endpoint> {
 public:
  static constexpr usize buffer_default = 212992;  // /proc/sys/net/core/rmem_default
  static constexpr unsigned backlog_default = 4096;

  explicit unix_endpoint(unix_type t) : type(t) {}
  ~unix_endpoint();

  bool connection_oriented() const { return type != unix_type::datagram; }

  /// Both directions of `a` and `b` lead to each other. ECONNREFUSED if one was closed meanwhile.
  static result<> connect_pair(const ref<unix_endpoint>& a, const ref<unix_endpoint>& b);
  /// Datagram: sets the default destination; nullptr takes it away.
  void set_peer(ref<unix_endpoint> to);
  ref<unix_endpoint> peer();

  /// True if a packet would be taken now (or can never be taken).
  bool has_room() const { return bytes.load(std::memory_order_relaxed) < buffer_limit.load(std::memory_order_relaxed) || closed_; }
  /// Appends to this endpoint's queue. EPIPE/ECONNREFUSED when it is closed or reads no more.
  result<> enqueue(unique<unix_packet> packet);
  /// The first packet, which stays in the queue; only the holder of `reading` may look at it or pop it.
  unix_packet* front();
  unique<unix_packet> pop();
  bool has_packets() const { return packet_count.load(std::memory_order_acquire) != 0; }
  /// After bytes were read: senders may have room.
  void consumed(usize n);

  /// shutdown(2): 0 reading, 1 writing, 2 both.
  void shut(int how);
  /// The last descriptor is gone.
  void close();

  /// Puts a connection to be accepted in the backlog. EAGAIN when it is full, ECONNREFUSED when not listening.
  result<> offer(const ref<unix_endpoint>& server_side);
  ref<unix_endpoint> take_offer();
  bool offers() const { return backlog_count.load(std::memory_order_acquire) != 0; }
  bool offer_room() const {
    return backlog_count.load(std::memory_order_relaxed) <= backlog_limit.load(std::memory_order_relaxed) || closed_;
  }

  u32 poll();
  errc take_error() { return static_cast<errc>(error.exchange(0, std::memory_order_relaxed)); }

  const unix_type type;
  lock::spin_lock state_lock{lock::rank::socket};
  sync::mutex reading;       // one reader at a time copies out of the front packet
  sync::wait_queue queue;    // the open file's poll queue
  sync::wait_queue room{lock::rank::network_device};  // senders that wait for this endpoint's queue; wakes `queue` of peers

  // Written under state_lock; the atomics and flags are read without it.
  std::atomic<usize> bytes{0};
  std::atomic<u32> packet_count{0};
  std::atomic<usize> buffer_limit{buffer_default};
  std::atomic<u32> backlog_count{0}, backlog_limit{0};
  std::atomic<int> error{0};
  std::atomic<bool> receive_shut{false}, send_shut{false}, listening{false}, connected{false};
  std::atomic<bool> pass_credentials{false};
  io::socket_address name;       // own; length 0: unnamed
  io::socket_address peer_name;  // connection: the other's name when it was made
  unix_credentials peer_credentials;
  list_hook backlog_hook;        // in the listener's backlog

 private:
  struct relay : sync::wait_queue::entry {
    unix_endpoint* owner = nullptr;
  };
  void attach_peer(const ref<unix_endpoint>& other);  // pairing held
  ref<unix_endpoint> detach_peer();                   // pairing held

  list<unix_packet, &unix_packet::hook> packets_;
  list<unix_endpoint, &unix_endpoint::backlog_hook> backlog_;  // a reference is held for each
  ref<unix_endpoint> peer_;
  relay relay_;                 // hangs in the peer's `room`
  std::atomic<bool> closed_{false};
};

}  // namespace osv::linux_abi
