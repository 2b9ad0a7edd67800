// The kernel's tracepoints. Where an event happens, its layer calls the object: `trace::point::sched_switch(previous, next)`.
// Threads are given by id, times in nanoseconds, sizes in bytes.
#pragma once

#include "trace/tracepoint.hh"

namespace osv::trace::point {

// --- sched ---
/// `preempted`: 1 if the previous thread wanted to go on.
extern tracepoint<"sched_switch", "previous", "next", "preempted"> sched_switch;
/// `cpu`: whose run queue the thread went to.
extern tracepoint<"sched_wakeup", "thread", "cpu"> sched_wakeup;
extern tracepoint<"sched_migrate", "thread", "from_cpu", "to_cpu"> sched_migrate;
extern tracepoint<"thread_create", "thread"> thread_create;
extern tracepoint<"thread_exit", "thread"> thread_exit;
extern tracepoint<"timer_fire", "deadline"> timer_fire;

// --- sync ---
/// A mutex was taken without waiting. `mutex`: its alias (alias_of()).
extern tracepoint<"mutex_lock", "mutex"> mutex_lock;
/// A mutex was taken after waiting.
extern tracepoint<"mutex_lock_wait", "mutex", "nanoseconds"> mutex_lock_wait;

// --- memory and processor ---
/// `instruction`: in the kernel, where it was linked. `code`: the page-fault error code (SDM volume 3, 4.7).
extern tracepoint<"page_fault", "address", "instruction", "code"> page_fault;
extern tracepoint<"interrupt", "vector"> interrupt;

// --- program ---
extern tracepoint<"system_call_enter", "number", "argument0", "argument1", "argument2"> system_call_enter;
/// `result`: negative Linux error number or the value.
extern tracepoint<"system_call_exit", "number", "result"> system_call_exit;
extern tracepoint<"futex_wait", "address", "value"> futex_wait;
extern tracepoint<"futex_wake", "address", "woken"> futex_wake;
extern tracepoint<"signal_deliver", "signal", "thread"> signal_deliver;

// --- network ---
extern tracepoint<"net_receive", "bytes"> net_receive;
extern tracepoint<"net_transmit", "bytes"> net_transmit;
/// `ports`: local port << 16 | remote port.
extern tracepoint<"tcp_receive", "ports", "sequence", "bytes", "flags"> tcp_receive;
extern tracepoint<"tcp_transmit", "ports", "sequence", "bytes", "flags"> tcp_transmit;
extern tracepoint<"tcp_retransmit", "ports", "sequence", "bytes"> tcp_retransmit;
extern tracepoint<"tcp_state", "ports", "from", "to"> tcp_state;

// --- block devices ---
/// `operation`: 0 read, 1 write, 2 flush, 3 discard.
extern tracepoint<"block_submit", "operation", "sector", "bytes"> block_submit;
/// `error`: Linux error number, 0 if none.
extern tracepoint<"block_complete", "operation", "sector", "nanoseconds", "error"> block_complete;

}  // namespace osv::trace::point
