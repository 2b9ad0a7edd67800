// poll(2) bits as sockets set them: the plain bit and its "normal data" twin (include/uapi/asm-generic/poll.h).
#pragma once

#include "io/file.hh"

namespace osv::net {

constexpr u32 poll_in = io::poll_event::in | 0x040;    // POLLIN | POLLRDNORM
constexpr u32 poll_out = io::poll_event::out | 0x100;  // POLLOUT | POLLWRNORM
constexpr u32 poll_error = io::poll_event::error;
constexpr u32 poll_hang_up = io::poll_event::hang_up;
constexpr u32 poll_read_hang_up = io::poll_event::read_hang_up;

}  // namespace osv::net
