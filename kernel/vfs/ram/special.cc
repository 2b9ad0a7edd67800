#include "vfs/ram/special.hh"

#include "vfs/pipe/pipe.hh"

namespace osv::vfs::ram {

special::special(system& owner, u64 number, u32 mode, u64 device, ref<inode> lower)
    : node(owner, number, mode, device, std::move(lower)) {}
special::~special() = default;

result<ref<io::file>> special::open(const location& at, u32 flags) {
  if (type() != io::mode::fifo) return inode::open(at, flags);
  ref<pipe_buffer> pipe;
  {
    sync::mutex_guard g(lock_);
    if (!pipe_) pipe_ = TRY(pipe_buffer::create());
    pipe = pipe_;
  }
  return open_fifo(std::move(pipe), at, flags);
}

}  // namespace osv::vfs::ram
