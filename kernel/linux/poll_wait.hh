// Waiting for several files at once, for poll(2) and select(2).
#pragma once

#include "base/memory.hh"
#include "io/file.hh"

namespace osv::linux_abi {

/// One file to wait for.
struct poll_item : sync::wait_queue::entry {
  ref<io::file> file;  // nullptr: never ready
  u32 events = 0;      // wanted, with error and hang-up
  u32 ready = 0;       // answer
  sync::wait_queue* source = nullptr;
  struct poll_wait* owner = nullptr;
};

/// Fills in `ready` of each item and returns how many have some. Waits until `deadline` (0: does not wait). EINTR.
result<usize> wait_for_files(poll_item* items, usize count, nanoseconds deadline);

/// Items on the stack when they are few.
class poll_items : pinned {
 public:
  result<poll_item*> reserve(usize count) {
    if (count <= few) return few_;
    many_ = TRY(buffer<poll_item>::create(count));
    return many_.data();
  }

 private:
  static constexpr usize few = 6;
  poll_item few_[few];
  buffer<poll_item> many_;
};

}  // namespace osv::linux_abi
