// Symbolic links, FIFOs, sockets and device nodes in memory.
#pragma once

#include "vfs/ram/node.hh"

namespace osv::vfs::ram {

class symbolic_link final : public node {
 public:
  using node::node;
  result<> set_target(string_view target) { return target_.append(target); }
  u64 size() const override { return lower() ? lower()->size() : target_.size(); }
  result<string> link_target() override { return lower() ? lower()->link_target() : string::create(target_); }

 private:
  string target_;
};

/// FIFO, socket, device: the name and its status; what opening does is inode::open's or the FIFO's.
class special final : public node {
 public:
  special(system& owner, u64 number, u32 mode, u64 device, ref<inode> lower);
  ~special() override;
  result<ref<io::file>> open(const location& at, u32 flags) override;

 private:
  sync::mutex lock_;
  ref<pipe_buffer> pipe_;  // FIFO: made at the first open
};

}  // namespace osv::vfs::ram
