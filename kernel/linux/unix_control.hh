// Ancillary data of unix(7) sockets: SCM_RIGHTS and SCM_CREDENTIALS (cmsg(3)).
#pragma once

#include "linux/unix_endpoint.hh"

namespace osv::linux_abi {

/// What a sender's control buffer holds. EINVAL for malformed or unknown parts, EBADF for a closed descriptor,
/// ETOOMANYREFS's stand-in EINVAL beyond 253 descriptors.
result<> parse_unix_control(const io::message& m, unix_rights& rights);
/// Writes a packet's credentials (if asked for) and descriptors into the receiver's control buffer; installs the descriptors.
/// What has no room is dropped and MSG_CTRUNC set.
void deliver_unix_control(io::message& m, unix_packet& packet, bool with_credentials, bool close_on_exec);

}  // namespace osv::linux_abi
