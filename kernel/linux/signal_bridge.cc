#include "linux/signal_bridge.hh"

#include "linux/signal.hh"
#include "linux/syscalls/arguments.hh"
#include "linux/task.hh"

namespace osv::linux_abi {

result<> apply_temporary_mask(const void* mask, usize size) {
  if (!mask) return {};
  if (size != sizeof(signal_set)) return fail(errc::invalid);
  set_temporary_mask(TRY(memory::read_program<signal_set>(mask)));
  return {};
}

void broken_pipe_signal() {
  signal_info info;
  info.number = signal::pipe;
  info.code = signal_code::user;
  info.sender.process = static_cast<i32>(current_process().id);
  info.sender.user = current_process().identity.real_user;
  (void)send_signal(current_task(), info);
}

}  // namespace osv::linux_abi
