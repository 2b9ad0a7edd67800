#include "trace/points.hh"

// One object each, in the section that `tracepoints()` walks.
#define DEFINE_TRACEPOINT(name) [[gnu::section("tracepoints"), gnu::used]] constinit decltype(name) name

namespace osv::trace::point {

DEFINE_TRACEPOINT(sched_switch);
DEFINE_TRACEPOINT(sched_wakeup);
DEFINE_TRACEPOINT(sched_migrate);
DEFINE_TRACEPOINT(thread_create);
DEFINE_TRACEPOINT(thread_exit);
DEFINE_TRACEPOINT(timer_fire);
DEFINE_TRACEPOINT(mutex_lock);
DEFINE_TRACEPOINT(mutex_lock_wait);
DEFINE_TRACEPOINT(page_fault);
DEFINE_TRACEPOINT(interrupt);
DEFINE_TRACEPOINT(system_call_enter);
DEFINE_TRACEPOINT(system_call_exit);
DEFINE_TRACEPOINT(futex_wait);
DEFINE_TRACEPOINT(futex_wake);
DEFINE_TRACEPOINT(signal_deliver);
DEFINE_TRACEPOINT(net_receive);
DEFINE_TRACEPOINT(net_transmit);
DEFINE_TRACEPOINT(tcp_receive);
DEFINE_TRACEPOINT(tcp_transmit);
DEFINE_TRACEPOINT(tcp_retransmit);
DEFINE_TRACEPOINT(tcp_state);
DEFINE_TRACEPOINT(block_submit);
DEFINE_TRACEPOINT(block_complete);

}  // namespace osv::trace::point
