// Signal-driven I/O (fcntl(2): F_SETOWN, F_SETSIG, O_ASYNC): a signal when a socket or a pipe may be ready.
//
// A wake-up of the file's poll queue only notes what happened and arms a timer that is due: the signal is sent from the timer's
// interrupt, because the signal lock is not to be taken inside a poll queue's.
#pragma once

#include "io/file.hh"

namespace osv::linux_abi {

/// Who gets a file's signals, as F_SETOWN_EX says it (struct f_owner_ex).
struct io_owner {
  enum class kind : i32 { thread = 0, process = 1, group = 2 };
  kind type = kind::process;
  i32 id = 0;  // 0: nobody
};

/// F_SETOWN, F_SETOWN_EX: ESRCH for somebody who is not there, ENOMEM.
result<> set_io_owner(io::file& file, io_owner owner);
io_owner io_owner_of(io::file& file);
/// F_SETSIG: 0 is SIGIO without details. EINVAL, ENOMEM.
result<> set_io_signal(io::file& file, u64 number);
int io_signal_of(io::file& file);
/// O_ASYNC of `file`, which the program knows as `fd`, goes on or off. ENOTTY for files that send no signals; ENOMEM.
result<> set_signal_driven(io::file& file, int fd, bool on);

}  // namespace osv::linux_abi
