#pragma once

#include "linux/signal.hh"

namespace osv::linux_abi {

result<> sys_rt_sigaction(int number, const signal_action* next, signal_action* previous, usize size);
result<> sys_rt_sigprocmask(int how, const signal_set* next, signal_set* previous, usize size);
result<> sys_rt_sigpending(signal_set* into, usize size);
result<i64> sys_rt_sigreturn();
result<> sys_sigaltstack(const void* next, void* previous);
result<> sys_kill(int id, int number);
result<> sys_tkill(int id, int number);
result<> sys_tgkill(int group, int id, int number);
result<> sys_rt_sigqueueinfo(int id, int number, const signal_info* from);
result<> sys_rt_tgsigqueueinfo(int group, int id, int number, const signal_info* from);
result<> sys_rt_sigsuspend(const signal_set* mask, usize size);
result<> sys_pause();
result<i64> sys_rt_sigtimedwait(const signal_set* wanted, signal_info* into, const void* timeout, usize size);

}  // namespace osv::linux_abi
