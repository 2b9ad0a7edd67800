// NETLINK_ROUTE answers: interfaces, addresses and routes. Reading only.
#pragma once

#include "net/netlink/message.hh"
#include "net/stack.hh"

namespace osv::net::netlink {

/// Answers one request (`body` follows its header, `size` bytes) with packets of messages. Errors become error messages.
result<> answer(stack& s, const message_header& request, const u8* body, usize size, u32 port, io::packet_list& into);

}  // namespace osv::net::netlink
