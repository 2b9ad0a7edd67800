// /dev: a small file system in memory that holds the registered devices.
#pragma once

#include "vfs/character_device.hh"
#include "vfs/inode.hh"

namespace osv::vfs {

/// The file system mounted on /dev, made at the first call, with its nodes, links and the directory shm.
result<ref<file_system>> device_file_system();
/// The next call makes a new one (tests).
void forget_device_file_system();
/// Makes a node if the file system exists already. EEXIST is no error.
result<> add_device_node(std::string_view name, u64 number, u32 permissions);
/// Makes the nodes of everything that is registered.
result<> add_device_nodes();
/// null, zero, full, random, urandom.
result<> register_memory_devices();

}  // namespace osv::vfs
