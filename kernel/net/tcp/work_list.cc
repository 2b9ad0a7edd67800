#include "net/tcp/work_list.hh"

#include "net/tcp/connection.hh"

namespace osv::net::tcp {

void work_list::add(connection& c) {
  if ((c.*hook_).listed.exchange(true, std::memory_order_acq_rel)) return;
  c.retain();
  lock::guard g(lock_);
  (c.*hook_).next = nullptr;
  (first_ ? (last_->*hook_).next : first_) = &c;
  last_ = &c;
}

void work_list::take_all(function_ref<void(connection&)> f) {
  connection* head;
  {
    lock::guard g(lock_);
    head = std::exchange(first_, nullptr);
  }
  while (head) {
    connection* c = head;
    head = (c->*hook_).next;
    // seq_cst: who finds it listed relies on f seeing what he did before.
    (c->*hook_).listed.store(false, std::memory_order_seq_cst);
    f(*c);
    c->release();
  }
}

}  // namespace osv::net::tcp
