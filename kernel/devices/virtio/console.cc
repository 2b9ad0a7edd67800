// virtio-console with named ports (virtio 1.2, 5.3): queues, and the control messages that make and open ports.
#include <cstring>

#include "arch/cpu.hh"
#include "devices/virtio/console_port.hh"
#include "log/log.hh"
#include "memory/frames.hh"
#include "sched/clock.hh"

namespace osv::devices::virtio {
namespace {

// Features and configuration (5.3.3, 5.3.4).
constexpr u64 feature_multiport = 1u << 1;
constexpr u32 config_ports_max = 4;

// struct virtio_console_control (5.3.6.2).
struct control_message {
  u32 id;
  u16 event;
  u16 value;
};
constexpr u16 event_device_ready = 0, event_device_add = 1, event_device_remove = 2, event_port_ready = 3, event_port_open = 6,
              event_port_name = 7;

constexpr u16 control_receive_queue = 2, control_transmit_queue = 3;
constexpr u16 control_ring_size = 32;
constexpr u32 control_buffer_size = 128;  // 8 bytes of message and a name
constexpr u16 ports_max = 32;
constexpr u16 ports_set_up = 8;  // each costs about 0.1 ms of boot, used or not

// Belongs to libvirt's agent: opening it would make the host think that an agent runs.
constexpr std::string_view foreign_port = "org.qemu.guest_agent.0";

class console : pinned {
 public:
  explicit console(unique<transport> t) : transport_(std::move(t)) {}

  result<> start();
  void abandon() { transport_->set_status(0); }

 private:
  result<> create_port(u32 id);
  result<> start_control(u64 features);
  void send(u32 id, u16 event, u16 value);
  void on_control_interrupt();
  void handle(const u8* bytes, u32 size);
  void wait_for_control();

  unique<transport> transport_;
  u16 interrupt_ = 0;
  u64 features_ = 0;
  u32 port_count_ = 1;
  port* ports_[ports_max] = {};

  // Control messages are handled in the interrupt; `send` is called from there too.
  lock::irq_spin_lock lock_{lock::rank::leaf};
  unique<queue> control_receive_;
  unique<queue> control_transmit_;
  u8* receive_buffers_ = nullptr;
  control_message* messages_ = nullptr;
  u16 next_message_ = 0;
  bool control_failed_ = false;
};

// Queue numbers (5.3.2): port 0 has 0 and 1, the control queues are 2 and 3, port n has 2n + 2 and 2n + 3.
u16 receive_queue_of(u32 id) { return static_cast<u16>(id == 0 ? 0 : 2 * id + 2); }

result<> console::start() {
  transport& t = *transport_;
  features_ = TRY(negotiate(t, feature_multiport));
  // One interrupt for everything: these are low-rate streams.
  interrupt_ = TRY(t.attach_interrupt(0, [this] {
    if (control_receive_) on_control_interrupt();
    for (port* p : ports_)
      if (p) p->on_interrupt();
  }));
  if (features_ & feature_multiport) {
    port_count_ = t.configuration<u32>(config_ports_max);
    if (port_count_ > ports_max) port_count_ = ports_max;
    TRY(start_control(features_));
    // A driver must set up its queues before DRIVER_OK (3.1.1), so ports cannot be made when they are announced.
    for (u32 id = 0; id < port_count_ && id < ports_set_up; ++id) TRY(create_port(id));
  } else {
    TRY(create_port(0));
    ports_[0]->set_name("console");
    ports_[0]->on_host_open(true);
  }
  set_ready(t);
  if (!(features_ & feature_multiport)) {
    TRY(ports_[0]->prepare());
    register_console_port(*ports_[0]);
    return {};
  }
  {
    lock::guard guard(lock_);
    control_receive_->flush();
  }
  // The host announces every port before it takes the message back, and a port's name before it takes that port's message.
  send(0, event_device_ready, 1);
  wait_for_control();
  for (u32 id = 0; id < ports_max; ++id)
    if (ports_[id] && ports_[id]->announced()) send(id, event_port_ready, 1);
  wait_for_control();
  for (u32 id = 0; id < ports_max; ++id) {
    port* p = ports_[id];
    if (!p || !p->announced() || p->name().empty() || p->name() == foreign_port) continue;
    TRY(p->prepare());
    register_console_port(*p);
    send(id, event_port_open, 1);
    log::debug("console: port {} \"{}\"", id, p->name());
  }
  return {};
}

result<> console::create_port(u32 id) {
  const u16 receive = receive_queue_of(id);
  unique<port> p = TRY(make_unique<port>(*transport_));
  TRY(p->create_queues(receive, static_cast<u16>(receive + 1), features_, interrupt_));
  ports_[id] = p.release();
  return {};
}

result<> console::start_control(u64 features) {
  memory::frame* buffers = TRY(memory::allocate_zeroed_frame());
  receive_buffers_ = buffers->as<u8>();
  messages_ = new (std::nothrow) control_message[control_ring_size];
  if (!messages_) return fail(errc::no_memory);
  control_receive_ = TRY(queue::create(*transport_, control_receive_queue, control_ring_size, features, interrupt_));
  control_transmit_ = TRY(queue::create(*transport_, control_transmit_queue, control_ring_size, features, interrupt_));
  for (u16 i = 0; i < control_receive_->ring().size(); ++i) {
    u8* at = receive_buffers_ + i * control_buffer_size;
    const segment s{to_u64(memory::to_physical(at)), control_buffer_size};
    control_receive_->ring().add({}, {&s, 1}, at);
  }
  return {};
}

void console::send(u32 id, u16 event, u16 value) {
  lock::guard guard(lock_);
  split_ring& ring = control_transmit_->ring();
  split_ring::completion c;
  while (ring.take(c)) {
  }
  control_message& message = messages_[next_message_];
  message = {id, event, value};
  const segment s{to_u64(memory::to_physical(&message)), sizeof message};
  // Full only if the host stopped taking messages: then this one would not be heard either.
  if (!ring.add({&s, 1}, {}, &message)) return;
  next_message_ = static_cast<u16>((next_message_ + 1) % ring.size());
  control_transmit_->flush();
}

// Until the host has taken all control messages, then handles what it sent meanwhile.
void console::wait_for_control() {
  const nanoseconds deadline = sched::now() + 5 * second;
  for (;;) {
    {
      lock::guard guard(lock_);
      split_ring& ring = control_transmit_->ring();
      split_ring::completion c;
      while (ring.take(c)) {
      }
      if (ring.in_flight() == 0 || ring.broken()) break;
    }
    if (sched::now() > deadline) {
      log::warning("console: the host does not take control messages");
      break;
    }
    sched::yield();
    arch::pause();
  }
  on_control_interrupt();
}

void console::on_control_interrupt() {
  bool again = true;
  while (again) {
    u8 copy[control_buffer_size];
    u32 size = 0;
    {
      lock::guard guard(lock_);
      split_ring& ring = control_receive_->ring();
      split_ring::completion c;
      if (ring.take(c)) {
        memcpy(copy, c.token, c.written);
        size = c.written;
        const segment s{to_u64(memory::to_physical(c.token)), control_buffer_size};
        ring.add({}, {&s, 1}, c.token);
        control_receive_->flush();
      } else if (ring.broken()) {
        if (!control_failed_) give_up(*transport_, ring.why());
        control_failed_ = true;
        again = false;
      } else {
        again = !ring.enable_interrupts();
      }
    }
    if (size) handle(copy, size);
  }
}

void console::handle(const u8* bytes, u32 size) {
  control_message message;
  if (size < sizeof message) return;
  memcpy(&message, bytes, sizeof message);
  port* p = message.id < ports_max ? ports_[message.id] : nullptr;
  if (!p) {
    if (message.event == event_device_add) log::warning("console: port {} is beyond the ports that are set up", message.id);
    return;
  }
  switch (message.event) {
    case event_device_add:
      p->set_announced();
      break;
    case event_device_remove:
      p->on_host_open(false);
      break;
    case event_port_open:
      p->on_host_open(message.value != 0);
      break;
    case event_port_name: {
      // QEMU ends the name with a NUL; the standard does not.
      u32 length = size - sizeof message;
      const char* name = reinterpret_cast<const char*>(bytes + sizeof message);
      while (length && name[length - 1] == 0) --length;
      p->set_name({name, length});
      break;
    }
    default:
      break;
  }
}

}  // namespace

result<> start_console(unique<transport> t) {
  console* c = new (std::nothrow) console(std::move(t));
  if (!c) return fail(errc::no_memory);
  const result<> started = c->start();
  if (!started.ok()) c->abandon();  // it lives on: its interrupt is bound to it
  return started;
}

}  // namespace osv::devices::virtio
