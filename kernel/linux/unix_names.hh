// Names of unix(7) sockets: abstract ones live in a table of their own, path names are socket nodes of a file system and
// stand here by device and inode number.
#pragma once

#include "linux/unix_endpoint.hh"

namespace osv::linux_abi {

/// bind(2): EADDRINUSE, EINVAL, and the errors of mknod(2). An address that is only a family gets a free abstract name.
result<> bind_unix_name(const ref<unix_endpoint>& endpoint, const io::socket_address& address);
/// The bound endpoint: ECONNREFUSED if nobody is bound there, ENOENT if there is no such path, EPROTOTYPE for another type.
result<ref<unix_endpoint>> find_unix_name(const io::socket_address& address, unix_type type);
/// The endpoint was closed. The node of a path name stays, as unix(7) says.
void forget_unix_name(unix_endpoint& endpoint);
/// For /proc/net/unix: every bound endpoint.
void visit_unix_names(function_ref<void(unix_endpoint&)> visitor);

}  // namespace osv::linux_abi
