// Linux error numbers (errno(3), asm-generic/errno.h), named in words.
#pragma once

namespace osv {

enum class errc : int {
  ok = 0,
  not_permitted = 1,  // EPERM
  no_entry = 2,  // ENOENT
  no_such_process = 3,  // ESRCH
  interrupted = 4,  // EINTR
  io = 5,  // EIO
  no_such_device_or_address = 6,  // ENXIO
  argument_list_too_long = 7,  // E2BIG
  exec_format = 8,  // ENOEXEC
  bad_file = 9,  // EBADF
  no_child = 10,  // ECHILD
  again = 11,  // EAGAIN
  no_memory = 12,  // ENOMEM
  access = 13,  // EACCES
  fault = 14,  // EFAULT
  not_block_device = 15,  // ENOTBLK
  busy = 16,  // EBUSY
  exists = 17,  // EEXIST
  cross_device = 18,  // EXDEV
  no_device = 19,  // ENODEV
  not_directory = 20,  // ENOTDIR
  is_directory = 21,  // EISDIR
  invalid = 22,  // EINVAL
  file_table_full = 23,  // ENFILE
  too_many_files = 24,  // EMFILE
  not_terminal = 25,  // ENOTTY
  text_busy = 26,  // ETXTBSY
  file_too_big = 27,  // EFBIG
  no_space = 28,  // ENOSPC
  illegal_seek = 29,  // ESPIPE
  read_only = 30,  // EROFS
  too_many_links = 31,  // EMLINK
  broken_pipe = 32,  // EPIPE
  domain = 33,  // EDOM
  range = 34,  // ERANGE
  deadlock = 35,  // EDEADLK
  name_too_long = 36,  // ENAMETOOLONG
  no_locks = 37,  // ENOLCK
  not_implemented = 38,  // ENOSYS
  not_empty = 39,  // ENOTEMPTY
  symlink_loop = 40,  // ELOOP
  no_data = 61,  // ENODATA
  timer_expired = 62,  // ETIME
  overflow = 75,  // EOVERFLOW
  illegal_sequence = 84,  // EILSEQ
  not_socket = 88,  // ENOTSOCK
  destination_required = 89,  // EDESTADDRREQ
  message_size = 90,  // EMSGSIZE
  wrong_protocol_type = 91,  // EPROTOTYPE
  no_protocol_option = 92,  // ENOPROTOOPT
  protocol_not_supported = 93,  // EPROTONOSUPPORT
  socket_type_not_supported = 94,  // ESOCKTNOSUPPORT
  not_supported = 95,  // EOPNOTSUPP
  protocol_family_not_supported = 96,  // EPFNOSUPPORT
  address_family_not_supported = 97,  // EAFNOSUPPORT
  address_in_use = 98,  // EADDRINUSE
  address_not_available = 99,  // EADDRNOTAVAIL
  network_down = 100,  // ENETDOWN
  network_unreachable = 101,  // ENETUNREACH
  connection_aborted = 103,  // ECONNABORTED
  connection_reset = 104,  // ECONNRESET
  no_buffers = 105,  // ENOBUFS
  is_connected = 106,  // EISCONN
  not_connected = 107,  // ENOTCONN
  timed_out = 110,  // ETIMEDOUT
  connection_refused = 111,  // ECONNREFUSED
  host_unreachable = 113,  // EHOSTUNREACH
  already = 114,  // EALREADY
  in_progress = 115,  // EINPROGRESS
  stale = 116,  // ESTALE
  canceled = 125,  // ECANCELED
  owner_dead = 130,  // EOWNERDEAD
  not_recoverable = 131,  // ENOTRECOVERABLE
  corrupt = 117,  // EUCLEAN

  // Never seen by programs: the system-call gate turns them into a restart or EINTR (signal(7), SA_RESTART).
  restart = 512,           // restart when the handler has SA_RESTART or there is none
  restart_always = 513,    // restart, after the handler if there is one
  restart_no_handler = 514,  // restart only when no handler ran
};

}  // namespace osv
