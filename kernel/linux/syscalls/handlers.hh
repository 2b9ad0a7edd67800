// Every system-call handler, for the table. Arguments and results are those of the man page of section 2.
#pragma once

#include "io/cursor.hh"
#include "linux/syscalls/arguments.hh"

namespace osv::linux_abi {

// read_write.cc
result<usize> sys_read(int fd, void* into, usize size);
result<usize> sys_write(int fd, const void* from, usize size);
result<usize> sys_readv(int fd, const io::io_vector* vectors, usize count);
result<usize> sys_writev(int fd, const io::io_vector* vectors, usize count);
result<usize> sys_pread64(int fd, void* into, usize size, i64 offset);
result<usize> sys_pwrite64(int fd, const void* from, usize size, i64 offset);
result<usize> sys_preadv(int fd, const io::io_vector* vectors, usize count, i64 offset);
result<usize> sys_pwritev(int fd, const io::io_vector* vectors, usize count, i64 offset);
result<usize> sys_preadv2(int fd, const io::io_vector* vectors, usize count, i64 offset, u64, u32 flags);
result<usize> sys_pwritev2(int fd, const io::io_vector* vectors, usize count, i64 offset, u64, u32 flags);
result<> sys_fadvise64(int fd, i64, i64 size, int advice);
result<> sys_readahead(int fd, i64, usize);
result<u64> sys_lseek(int fd, i64 offset, int whence);
result<usize> sys_sendfile(int out_fd, int in_fd, i64* offset, usize size);
result<usize> sys_copy_file_range(int in_fd, i64* in_offset, int out_fd, i64* out_offset, usize size, u32 flags);

// open_files.cc
result<int> sys_open(const char* path, u32 flags, u32 mode);
result<int> sys_openat(int directory, const char* path, u32 flags, u32 mode);
result<int> sys_creat(const char* path, u32 mode);
result<int> sys_openat2(int directory, const char* path, const void* how, usize size);
result<> sys_close(int fd);
result<> sys_close_range(u32 first, u32 last, u32 flags);
result<int> sys_dup(int fd);
result<int> sys_dup2(int from, int to);
result<int> sys_dup3(int from, int to, u32 flags);
result<> sys_pipe2(int* into, u32 flags);
result<> sys_pipe(int* into);
result<int> sys_memfd_create(const char* name_pointer, u32 flags);
result<i64> sys_fcntl(int fd, u32 command, u64 argument);
result<i64> sys_ioctl(int fd, u32 request, u64 argument);
result<> sys_flock(int fd, int operation);

// paths.cc
result<> sys_mkdirat(int directory, const char* path, u32 mode);
result<> sys_mkdir(const char* path, u32 mode);
result<> sys_rmdir(const char* path);
result<> sys_unlinkat(int directory, const char* path, u32 flags);
result<> sys_unlink(const char* path);
result<> sys_mknodat(int directory, const char* path, u32 mode, u64 device);
result<> sys_mknod(const char* path, u32 mode, u64 device);
result<> sys_renameat2(int from_directory, const char* from, int to_directory, const char* to, u32 flags);
result<> sys_renameat(int from_directory, const char* from, int to_directory, const char* to);
result<> sys_rename(const char* from, const char* to);
result<> sys_linkat(int from_directory, const char* from, int to_directory, const char* to, u32 flags);
result<> sys_link(const char* from, const char* to);
result<> sys_symlinkat(const char* target, int directory, const char* path);
result<> sys_symlink(const char* target, const char* path);
result<usize> sys_readlinkat(int directory, const char* path, char* into, i32 size);
result<usize> sys_readlink(const char* path, char* into, i32 size);
result<> sys_fchmodat2(int directory, const char* path, u32 mode, u32 flags);
result<> sys_fchmodat(int directory, const char* path, u32 mode);
result<> sys_chmod(const char* path, u32 mode);
result<> sys_fchmod(int fd, u32 mode);
result<> sys_fchownat(int directory, const char* path, u32 user, u32 group, u32 flags);
result<> sys_chown(const char* path, u32 user, u32 group);
result<> sys_lchown(const char* path, u32 user, u32 group);
result<> sys_fchown(int fd, u32 user, u32 group);
result<> sys_utimensat(int directory, const char* path, const linux_timespec* times, u32 flags);
result<> sys_utimes(const char* path, const linux_timeval* times);
result<> sys_futimesat(int directory, const char* path, const linux_timeval* times);
result<> sys_utime(const char* path, const i64* times);
result<> sys_truncate(const char* path, i64 size);
result<> sys_ftruncate(int fd, i64 size);
result<> sys_fallocate(int fd, int mode, i64 offset, i64 size);
result<> sys_fsync(int fd);
result<> sys_fdatasync(int fd);
result<> sys_sync_file_range(int fd, i64 offset, i64 size, u32 flags);
result<> sys_sync();
result<> sys_syncfs(int fd);
result<u32> sys_umask(u32 mask);

// status.cc
result<> sys_newfstatat(int directory, const char* path, void* into, u32 flags);
result<> sys_stat(const char* path, void* into);
result<> sys_lstat(const char* path, void* into);
result<> sys_fstat(int fd, void* into);
result<> sys_statx(int directory, const char* path, u32 flags, u32 mask, void* into);
result<> sys_faccessat2(int directory, const char* path, u32 wanted, u32 flags);
result<> sys_faccessat(int directory, const char* path, u32 wanted);
result<> sys_access(const char* path, u32 wanted);
result<> sys_statfs(const char* path, void* into);
result<> sys_fstatfs(int fd, void* into);
result<usize> sys_getdents64(int fd, void* into, u32 size);
result<usize> sys_getdents(int fd, void* into, u32 size);
result<usize> sys_getcwd(char* into, usize size);
result<> sys_chdir(const char* path);
result<> sys_fchdir(int fd);

// sockets.cc
result<int> sys_socket(int family, u32 type, int protocol);
result<> sys_socketpair(int family, u32 type, int protocol, int* into);
result<> sys_bind(int fd, const void* address, u32 length);
result<> sys_connect(int fd, const void* address, u32 length);
result<> sys_listen(int fd, int backlog);
result<int> sys_accept4(int fd, void* address, u32* length, u32 flags);
result<int> sys_accept(int fd, void* address, u32* length);
result<> sys_getsockname(int fd, void* address, u32* length);
result<> sys_getpeername(int fd, void* address, u32* length);
result<> sys_shutdown(int fd, int how);
result<> sys_setsockopt(int fd, int level, int name, const void* value, i32 size);
result<> sys_getsockopt(int fd, int level, int name, void* value, i32* size);
result<usize> sys_sendto(int fd, const void* from, usize size, u32 flags, const void* address, u32 length);
result<usize> sys_recvfrom(int fd, void* into, usize size, u32 flags, void* address, u32* length);
result<usize> sys_sendmsg(int fd, const void* header, u32 flags);
result<usize> sys_recvmsg(int fd, void* header, u32 flags);
result<u32> sys_sendmmsg(int fd, void* pointer, u32 count, u32 flags);
result<u32> sys_recvmmsg(int fd, void* pointer, u32 count, u32 flags, linux_timespec* timeout);

// events.cc
result<int> sys_epoll_create1(u32 flags);
result<int> sys_epoll_create(int size);
result<> sys_epoll_ctl(int fd, int operation, int target_fd, const void* event_pointer);
result<usize> sys_epoll_wait(int fd, void* events, int count, int timeout_ms);
result<usize> sys_epoll_pwait(int fd, void* events, int count, int timeout_ms, const void* mask, usize mask_size);
result<usize> sys_epoll_pwait2(int fd, void* events, int count, const linux_timespec* timeout, const void* mask, usize mask_size);
result<int> sys_eventfd2(u32 value, u32 flags);
result<int> sys_eventfd(u32 value);
result<int> sys_timerfd_create(int clock, u32 flags);
result<> sys_timerfd_settime(int fd, u32 flags, const void* wanted, void* old);
result<> sys_timerfd_gettime(int fd, void* into);
result<int> sys_signalfd4(int fd, const void* mask_pointer, usize size, u32 flags);
result<int> sys_signalfd(int fd, const void* mask, usize size);

// inotify.cc
result<int> sys_inotify_init();
result<int> sys_inotify_init1(u32 flags);
result<int> sys_inotify_add_watch(int fd, const char* path, u32 mask);
result<> sys_inotify_rm_watch(int fd, int watch);

// polling.cc
result<usize> sys_poll(void* descriptors, usize count, int timeout_ms);
result<usize> sys_ppoll(void* descriptors, usize count, linux_timespec* timeout, const void* mask, usize mask_size);
result<usize> sys_select(int count, u64* read, u64* write, u64* exceptional, linux_timeval* timeout);
result<usize> sys_pselect6(int count, u64* read, u64* write, u64* exceptional, linux_timespec* timeout, const void* mask_argument);

// time.cc
result<> sys_clock_gettime(i32 clock, linux_timespec* into);
result<> sys_clock_getres(i32 clock, linux_timespec* into);
result<> sys_clock_settime(i32 clock, const linux_timespec* value);
result<int> sys_clock_adjtime(i32 clock, void* into);
result<int> sys_adjtimex(void* into);
result<> sys_gettimeofday(linux_timeval* into, void* zone);
result<> sys_settimeofday(const linux_timeval* value, const void*);
result<i64> sys_time(i64* into);
result<> sys_nanosleep(const linux_timespec* duration, linux_timespec* rest);
result<> sys_clock_nanosleep(i32 clock, u32 flags, const linux_timespec* duration, linux_timespec* rest);
result<i64> sys_times(i64* into);

// timers.cc
result<> sys_timer_create(i32 clock, const void* event, i32* id_pointer);
result<> sys_timer_delete(i32 id);
result<> sys_timer_settime(i32 id, u32 flags, const void* wanted, void* old);
result<> sys_timer_gettime(i32 id, void* into);
result<i32> sys_timer_getoverrun(i32 id);
result<> sys_setitimer(int which, const void* wanted, void* old);
result<> sys_getitimer(int which, void* into);
result<u32> sys_alarm(u32 seconds);

// identity.cc
u32 sys_getpid();
u32 sys_gettid();
u32 sys_getppid();
u32 sys_getuid();
u32 sys_geteuid();
u32 sys_getgid();
u32 sys_getegid();
result<> sys_setuid(u32 id);
result<> sys_setgid(u32 id);
result<> sys_setreuid(u32 real, u32 effective);
result<> sys_setregid(u32 real, u32 effective);
result<> sys_setresuid(u32 real, u32 effective, u32 saved);
result<> sys_setresgid(u32 real, u32 effective, u32 saved);
result<> sys_getresuid(u32* real, u32* effective, u32* saved);
result<> sys_getresgid(u32* real, u32* effective, u32* saved);
u32 sys_setfsuid(u32);
u32 sys_setfsgid(u32);
result<u32> sys_getgroups(i32 size, u32* into);
result<> sys_setgroups(usize size, const u32* from);
result<u32> sys_getpgid(u32 process_id);
u32 sys_getpgrp();
result<u32> sys_getsid(u32 process_id);
result<> sys_setpgid(u32 process_id, u32 group);
result<u32> sys_setsid();
result<> sys_capget(void* header, void* data);
result<> sys_capset(void* header, const void* data);

// system_information.cc
result<> sys_uname(void* into);
result<> sys_sethostname(const char* name, i32 size);
result<> sys_setdomainname(const char*, i32);
result<> sys_sysinfo(void* into);
result<> sys_getrusage(i32 who, void* into);
result<usize> sys_getrandom(u8* into, usize size, u32 flags);
result<> sys_getcpu(u32* cpu, u32* node);

// scheduling.cc
result<usize> sys_sched_getaffinity(u32 id, usize size, void* into);
result<> sys_sched_setaffinity(u32 id, usize size, const void* from);
result<int> sys_sched_getscheduler(u32 id);
result<> sys_sched_setscheduler(u32 id, int policy, const i32* parameter);
result<> sys_sched_getparam(u32 id, i32* into);
result<> sys_sched_setparam(u32 id, const i32* parameter);
result<int> sys_sched_get_priority_max(int policy);
result<int> sys_sched_get_priority_min(int policy);
result<> sys_sched_rr_get_interval(u32 id, linux_timespec* into);
result<> sys_sched_getattr(u32 id, void* into, u32 size, u32 flags);
result<> sys_sched_setattr(u32 id, const void* from, u32 flags);
result<int> sys_getpriority(int which, u32 who);
result<> sys_setpriority(int which, u32 who, int nice);

// resource_limits.cc
result<> sys_prlimit64(u32 process_id, u32 which, const resource_limit* wanted, resource_limit* old);
result<> sys_getrlimit(u32 which, resource_limit* into);
result<> sys_setrlimit(u32 which, const resource_limit* wanted);

// process_control.cc
result<i64> sys_prctl(int option, u64 a, u64 b, u64, u64);
result<i64> sys_personality(u32 wanted);
result<> sys_refused();
result<> sys_no_child();
result<> sys_mount(const char* source, const char* target, const char* type, u32 flags, const void*);
result<> sys_umount2(const char* target, u32);

// extended_attributes.cc
result<> sys_getxattr(const char* path, const char*);
result<> sys_lgetxattr(const char* path, const char*);
result<> sys_fgetxattr(int fd, const char*);
result<> sys_listxattr(const char* path);
result<> sys_llistxattr(const char* path);
result<> sys_flistxattr(int fd);
result<> sys_setxattr(const char* path);
result<> sys_lsetxattr(const char* path);
result<> sys_fsetxattr(int fd);

// barriers.cc
result<int> sys_membarrier(int command, u32 flags, int);

// splicing.cc
result<usize> sys_splice(int in_fd, i64* in_offset, int out_fd, i64* out_offset, usize size, u32 flags);
result<usize> sys_tee(int in_fd, int out_fd, usize size, u32 flags);
result<usize> sys_vmsplice(int fd, const io::io_vector* vectors, usize count, u32 flags);

}  // namespace osv::linux_abi
