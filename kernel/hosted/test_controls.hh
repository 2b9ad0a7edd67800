// What tests may ask of the hosted kernel besides its ordinary interfaces: failures on command.
#pragma once

#include "base/types.hh"
#include "sched/thread.hh"

namespace osv::hosted {

/// Makes interruptible waits of `t` give up, as a signal does, until called with false.
void interrupt(sched::thread& t, bool wanted = true);

/// Program memory that answers EFAULT while this lives.
class bad_address_range : pinned {
 public:
  bad_address_range(const void* start, usize size);
  ~bad_address_range();

 private:
  u64 start_;
};

/// From now on the frame allocator gives `count` further blocks and then answers ENOMEM; ~0: never fails (default).
void limit_frame_allocations(u64 count);
/// Blocks of frames that are allocated now: to see that a test gave everything back.
u64 allocated_frame_blocks();

}  // namespace osv::hosted
