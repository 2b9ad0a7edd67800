#include "vfs/device/device_directory.hh"

#include "vfs/ram/system.hh"

namespace osv::vfs {

namespace {

// Holds a reference. Set once by boot, before there are programs; reset by tests.
constinit std::atomic<inode*> device_root{nullptr};

result<> add_link(inode& root, std::string_view name, std::string_view target) {
  sync::mutex_guard g(root.directory_lock);
  TRY(root.create_symlink(name, target));
  return {};
}

}  // namespace

result<> add_device_node(std::string_view name, u64 number, u32 permissions) {
  inode* root = device_root.load();
  if (!root) return {};
  sync::mutex_guard g(root->directory_lock);
  if (root->lookup(name).ok()) return {};
  TRY(root->create(name, io::mode::character | permissions, number));
  return {};
}

result<ref<file_system>> device_file_system() {
  if (inode* known = device_root.load()) return ref<file_system>(&known->owner());
  ref<ram::system> made = TRY(ram::system::create("devtmpfs", nullptr, 0, 0755));
  ref<inode> kept = TRY(made->root());
  inode& root = *kept;
  device_root.store(kept.leak());
  TRY(add_device_nodes());
  TRY(add_link(root, "fd", "/proc/self/fd"));
  TRY(add_link(root, "stdin", "/proc/self/fd/0"));
  TRY(add_link(root, "stdout", "/proc/self/fd/1"));
  TRY(add_link(root, "stderr", "/proc/self/fd/2"));
  sync::mutex_guard g(root.directory_lock);
  TRY(root.create("shm", io::mode::directory | 01777, 0));
  return made;
}

void forget_device_file_system() {
  if (inode* root = device_root.exchange(nullptr)) root->release();
}

}  // namespace osv::vfs
