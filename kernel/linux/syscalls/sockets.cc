// socket(2) and what is called on sockets. Families do the work; addresses and messages are copied here.
#include "linux/syscalls/arguments.hh"
#include "linux/syscalls/handlers.hh"
#include "linux/unix_socket.hh"

namespace osv::linux_abi {

namespace {

constexpr u32 type_mask = 0xf;  // SOCK_TYPE_MASK
constexpr u32 type_flags = io::open_flag::non_blocking | io::open_flag::close_on_exec;

/// A socket with the reference that keeps it.
struct socket_reference {
  held_file file;
  io::socket_file* socket;
  io::socket_file* operator->() const { return socket; }
};

result<socket_reference> socket_of(int fd) {
  held_file file = held_file_of(fd);
  if (!file) return fail(errc::bad_file);
  io::socket_file* socket = file->as_socket();
  if (!socket) return fail(errc::not_socket);
  return socket_reference{std::move(file), socket};
}

result<> load_address(io::socket_address& into, const void* from, u32 length) {
  if (length > sizeof into.bytes) return fail(errc::invalid);
  TRY(memory::copy_from_program(into.bytes, from, length));
  into.length = length;
  return {};
}

/// accept(2), getsockname(2), recvfrom(2): writes at most what there is room for, and the true length.
result<> store_address(const io::socket_address& from, void* into, u32* length) {
  const i32 room = TRY(memory::read_program<i32>(length));
  if (room < 0) return fail(errc::invalid);
  const u32 n = from.length < static_cast<u32>(room) ? from.length : static_cast<u32>(room);
  TRY(memory::copy_to_program(into, from.bytes, n));
  return memory::write_program(length, from.length);
}

}  // namespace

result<int> sys_socket(int family, u32 type, int protocol) {
  if (type & ~(type_mask | type_flags)) return fail(errc::invalid);
  ref<io::file> file =
      TRY(io::create_socket(family, static_cast<int>(type & type_mask), protocol, type & io::open_flag::non_blocking));
  return current_process().files.install(std::move(file), type & io::open_flag::close_on_exec);
}

result<> sys_socketpair(int family, u32 type, int protocol, int* into) {
  constexpr int family_unix = 1;
  if (type & ~(type_mask | type_flags)) return fail(errc::invalid);
  if (family != family_unix) return fail(family == 2 || family == 10 ? errc::not_supported : errc::address_family_not_supported);
  unix_socket_pair pair =
      TRY(create_unix_pair(static_cast<int>(type & type_mask), protocol, type & io::open_flag::non_blocking));
  descriptor_table& files = current_process().files;
  const bool marked = type & io::open_flag::close_on_exec;
  int fds[2];
  fds[0] = TRY(files.install(std::move(pair.first), marked));
  auto second = files.install(std::move(pair.second), marked);
  if (second.ok()) {
    fds[1] = second.value();
    auto copied = memory::copy_to_program(into, fds, sizeof fds);
    if (copied.ok()) return {};
    second = fail(copied.error());
    (void)files.close(fds[1]);
  }
  (void)files.close(fds[0]);
  return fail(second.error());
}

result<> sys_bind(int fd, const void* address, u32 length) {
  const auto socket = TRY(socket_of(fd));
  io::socket_address a;
  TRY(load_address(a, address, length));
  return socket->bind(a);
}

result<> sys_connect(int fd, const void* address, u32 length) {
  const auto socket = TRY(socket_of(fd));
  io::socket_address a;
  TRY(load_address(a, address, length));
  return socket->connect(a);
}

result<> sys_listen(int fd, int backlog) {
  constexpr int backlog_max = 4096;  // /proc/sys/net/core/somaxconn
  if (backlog < 0 || backlog > backlog_max) backlog = backlog_max;
  return TRY(socket_of(fd))->listen(backlog);
}

result<int> sys_accept4(int fd, void* address, u32* length, u32 flags) {
  if (flags & ~type_flags) return fail(errc::invalid);
  const auto socket = TRY(socket_of(fd));
  io::socket_address from;
  ref<io::file> accepted = TRY(socket->accept(address ? &from : nullptr, flags & io::open_flag::non_blocking));
  if (address) TRY(store_address(from, address, length));
  return current_process().files.install(std::move(accepted), flags & io::open_flag::close_on_exec);
}
result<int> sys_accept(int fd, void* address, u32* length) { return sys_accept4(fd, address, length, 0); }

result<> sys_getsockname(int fd, void* address, u32* length) {
  io::socket_address name;
  TRY(TRY(socket_of(fd))->local_name(name));
  return store_address(name, address, length);
}
result<> sys_getpeername(int fd, void* address, u32* length) {
  io::socket_address name;
  TRY(TRY(socket_of(fd))->peer_name(name));
  return store_address(name, address, length);
}

result<> sys_shutdown(int fd, int how) {
  if (how < 0 || how > 2) return fail(errc::invalid);
  return TRY(socket_of(fd))->shutdown(how);
}

namespace {
constexpr usize option_size_max = 256;  // the largest option of any family that is implemented
}

result<> sys_setsockopt(int fd, int level, int name, const void* value, i32 size) {
  const auto socket = TRY(socket_of(fd));
  if (size < 0) return fail(errc::invalid);
  alignas(8) u8 copy[option_size_max];
  const usize n = static_cast<usize>(size) < sizeof copy ? static_cast<usize>(size) : sizeof copy;
  TRY(memory::copy_from_program(copy, value, n));
  return socket->set_option(level, name, copy, n);
}

result<> sys_getsockopt(int fd, int level, int name, void* value, i32* size) {
  const auto socket = TRY(socket_of(fd));
  const i32 room = TRY(memory::read_program<i32>(size));
  if (room < 0) return fail(errc::invalid);
  alignas(8) u8 copy[option_size_max];
  const usize n = static_cast<usize>(room) < sizeof copy ? static_cast<usize>(room) : sizeof copy;
  const usize written = TRY(socket->get_option(level, name, copy, n));
  TRY(memory::copy_to_program(value, copy, written));
  return memory::write_program(size, static_cast<i32>(written));
}

result<usize> sys_sendto(int fd, const void* from, usize size, u32 flags, const void* address, u32 length) {
  const auto socket = TRY(socket_of(fd));
  if (size > transfer_max) size = transfer_max;
  if (!in_program(from, size)) return fail(errc::fault);
  io::cursor data(from, size);
  io::socket_address to;
  io::message m;
  m.data = &data;
  if (address) {
    TRY(load_address(to, address, length));
    m.address = &to;
  }
  return with_broken_pipe_signal(socket->send(m, flags), flags & io::message_flag::no_signal);
}

result<usize> sys_recvfrom(int fd, void* into, usize size, u32 flags, void* address, u32* length) {
  const auto socket = TRY(socket_of(fd));
  if (size > transfer_max) size = transfer_max;
  if (!in_program(into, size)) return fail(errc::fault);
  io::cursor data(into, size);
  io::socket_address from;
  io::message m;
  m.data = &data;
  if (address) m.address = &from;
  const usize received = TRY(socket->receive(m, flags));
  if (address) TRY(store_address(from, address, length));
  return received;
}

namespace {

/// struct msghdr and struct mmsghdr of x86-64 (sendmsg(2), sendmmsg(2)).
struct message_header {
  void* address;
  u32 address_length;
  io::io_vector* vectors;
  usize vector_count;
  u8* control;
  usize control_length;
  u32 flags;
};
struct message_header_many {
  message_header header;
  u32 transferred;
};
static_assert(sizeof(message_header) == 56 && sizeof(message_header_many) == 64);

constexpr usize control_max = 20480;  // /proc/sys/net/core/optmem_max
constexpr u32 messages_max = 1024;    // UIO_MAXIOV: sendmmsg(2) caps vlen to it

/// Room for control data: the usual few bytes on the stack, more from the heap.
class control_buffer : pinned {
 public:
  result<u8*> reserve(usize size) {
    if (size <= sizeof few_) return few_;
    many_ = TRY(buffer<u8>::create(size));
    return many_.data();
  }

 private:
  alignas(8) u8 few_[128];
  buffer<u8> many_;
};

result<usize> send_message(const socket_reference& socket, const message_header* pointer, u32 flags) {
  const auto header = TRY(memory::read_program<message_header>(pointer));
  vector_argument vectors;
  if (header.vector_count > vectors_max) return fail(errc::message_size);
  TRY(vectors.load(header.vectors, header.vector_count));
  io::cursor data = vectors.cursor();
  io::socket_address to;
  io::message m;
  m.data = &data;
  if (header.address && header.address_length) {
    TRY(load_address(to, header.address, header.address_length));
    m.address = &to;
  }
  control_buffer control;
  if (header.control && header.control_length) {
    if (header.control_length > control_max) return fail(errc::no_buffers);
    m.control = TRY(control.reserve(header.control_length));
    m.control_capacity = header.control_length;
    TRY(memory::copy_from_program(m.control, header.control, header.control_length));
  }
  return with_broken_pipe_signal(socket->send(m, flags), flags & io::message_flag::no_signal);
}

result<usize> receive_message(const socket_reference& socket, message_header* pointer, u32 flags) {
  auto header = TRY(memory::read_program<message_header>(pointer));
  vector_argument vectors;
  if (header.vector_count > vectors_max) return fail(errc::message_size);
  TRY(vectors.load(header.vectors, header.vector_count));
  io::cursor data = vectors.cursor();
  io::socket_address from;
  io::message m;
  m.data = &data;
  if (header.address) m.address = &from;
  control_buffer control;
  u8 none;
  m.control = &none;  // the family sets MSG_CTRUNC where there is no room
  if (header.control && header.control_length) {
    const usize room = header.control_length < control_max ? header.control_length : control_max;
    m.control = TRY(control.reserve(room));
    m.control_capacity = room;
  }
  const usize received = TRY(socket->receive(m, flags));
  if (header.address) {
    const u32 n = from.length < header.address_length ? from.length : header.address_length;
    TRY(memory::copy_to_program(header.address, from.bytes, n));
    header.address_length = from.length;
  }
  if (m.control_length) TRY(memory::copy_to_program(header.control, m.control, m.control_length));
  header.control_length = m.control_length;
  header.flags = m.flags | (flags & io::message_flag::close_on_exec);
  TRY(memory::write_program(&pointer->address_length, header.address_length));
  TRY(memory::write_program(&pointer->control_length, header.control_length));
  TRY(memory::write_program(&pointer->flags, header.flags));
  return received;
}

}  // namespace

result<usize> sys_sendmsg(int fd, const void* header, u32 flags) {
  return send_message(TRY(socket_of(fd)), static_cast<const message_header*>(header), flags);
}

result<usize> sys_recvmsg(int fd, void* header, u32 flags) {
  return receive_message(TRY(socket_of(fd)), static_cast<message_header*>(header), flags);
}

result<u32> sys_sendmmsg(int fd, void* pointer, u32 count, u32 flags) {
  const auto socket = TRY(socket_of(fd));
  auto* headers = static_cast<message_header_many*>(pointer);
  if (count > messages_max) count = messages_max;
  for (u32 i = 0; i < count; ++i) {
    auto sent = send_message(socket, &headers[i].header, flags);
    result<> stored = sent.ok() ? memory::write_program(&headers[i].transferred, static_cast<u32>(sent.value()))
                                : result<>(fail(sent.error()));
    if (!stored.ok()) {
      if (i) return i;
      return fail(stored.error());
    }
  }
  return count;
}

result<u32> sys_recvmmsg(int fd, void* pointer, u32 count, u32 flags, linux_timespec* timeout) {
  const auto socket = TRY(socket_of(fd));
  auto* headers = static_cast<message_header_many*>(pointer);
  nanoseconds deadline = never;
  if (timeout) {
    const auto t = TRY(memory::read_program<linux_timespec>(timeout));
    if (!t.valid()) return fail(errc::invalid);
    deadline = deadline_after(t.total());
  }
  if (count > messages_max) count = messages_max;
  const bool wait_for_one = flags & io::message_flag::wait_for_one;
  u32 one_flags = flags & ~io::message_flag::wait_for_one;
  for (u32 i = 0; i < count; ++i) {
    auto received = receive_message(socket, &headers[i].header, one_flags);
    result<> stored = received.ok() ? memory::write_program(&headers[i].transferred, static_cast<u32>(received.value()))
                                    : result<>(fail(received.error()));
    if (!stored.ok()) {
      if (i) return i;
      return fail(stored.error());
    }
    if (wait_for_one) one_flags |= io::message_flag::dont_wait;
    // recvmmsg(2), BUGS: the time-out is looked at after each message.
    if (deadline != never && sched::now() >= deadline) return i + 1;
  }
  return count;
}

}  // namespace osv::linux_abi
