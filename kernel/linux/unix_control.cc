#include "linux/unix_control.hh"

#include "linux/process.hh"

namespace osv::linux_abi {

namespace {

/// struct cmsghdr; data follows, everything padded to 8 bytes.
struct control_header {
  u64 length;
  i32 level;
  i32 type;
};
constexpr i32 level_socket = 1, type_rights = 1, type_credentials = 2;
constexpr usize rights_max = 253;  // SCM_MAX_FD

}  // namespace

result<> parse_unix_control(const io::message& m, unix_rights& rights) {
  usize at = 0;
  while (at + sizeof(control_header) <= m.control_capacity) {
    control_header header;
    __builtin_memcpy(&header, m.control + at, sizeof header);
    if (header.length < sizeof header || header.length > m.control_capacity - at) return fail(errc::invalid);
    const usize size = header.length - sizeof header;
    if (header.level == level_socket && header.type == type_rights) {
      const usize count = size / sizeof(int);
      if (count + rights.files().size() > rights_max) return fail(errc::invalid);
      for (usize i = 0; i < count; ++i) {
        int fd;
        __builtin_memcpy(&fd, m.control + at + sizeof header + i * sizeof fd, sizeof fd);
        TRY(rights.add(TRY(current_process().files.get(fd))));
      }
    } else if (header.level == level_socket && header.type == type_credentials) {
      // The kernel attaches the true ones; there is one process, so they cannot differ from what it may claim.
      if (size < sizeof(unix_credentials)) return fail(errc::invalid);
    } else if (header.level == level_socket) {
      return fail(errc::invalid);
    }
    at += align_up(header.length, 8);
  }
  return {};
}

namespace {

bool put(io::message& m, i32 type, const void* data, usize size) {
  const usize room = m.control_capacity - m.control_length;
  if (room < sizeof(control_header) + size) return false;
  const control_header header{sizeof(control_header) + size, level_socket, type};
  __builtin_memcpy(m.control + m.control_length, &header, sizeof header);
  __builtin_memcpy(m.control + m.control_length + sizeof header, data, size);
  const usize padded = align_up(sizeof header + size, 8);
  m.control_length += padded < room ? padded : room;
  return true;
}

}  // namespace

void deliver_unix_control(io::message& m, unix_packet& packet, bool with_credentials, bool close_on_exec) {
  if (with_credentials && !put(m, type_credentials, &packet.sender, sizeof packet.sender))
    m.flags |= io::message_flag::control_truncated;
  auto& files = packet.rights.files();
  if (files.empty()) return;
  const usize room = m.control_capacity - m.control_length;
  const usize fit = room < sizeof(control_header) ? 0 : (room - sizeof(control_header)) / sizeof(int);
  int fds[rights_max];
  usize installed = 0;
  for (; installed < files.size() && installed < fit; ++installed) {
    auto fd = current_process().files.install(files[installed], close_on_exec);
    if (!fd.ok()) break;
    fds[installed] = fd.value();
  }
  if (installed < files.size()) m.flags |= io::message_flag::control_truncated;
  if (installed) (void)put(m, type_rights, fds, installed * sizeof(int));
  packet.rights.drop();
}

}  // namespace osv::linux_abi
