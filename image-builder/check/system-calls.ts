import { systemCallName, systemCallNumber } from '@osv/contracts';
import type { ElfFile } from '../elf/elf-file.ts';

/** How far before a `syscall` instruction the number may have been loaded, in bytes. */
const windowBytes = 48;
/** `mov $imm32,%eax`, one-byte opcode (Intel SDM, MOV: B8+rd id). */
const movToEax = 0xb8;
/** The REX prefix of an instruction on a register above the first eight: that one loads r8d, not eax. */
const rexB = 0x41;

/**
 * Names of the system calls that machine code makes itself: each `syscall` instruction (0F 05) whose number is loaded
 * by a `mov $nr,%eax` shortly before it, or by `xor %eax,%eax` (read, number 0). Numbers computed in other ways are
 * not seen.
 */
export function systemCallsInCode(code: Uint8Array): Set<string> {
  const bytes = Buffer.from(code.buffer, code.byteOffset, code.byteLength);
  const found = new Set<string>();
  for (let at = bytes.indexOf('0f05', 0, 'hex'); at !== -1; at = bytes.indexOf('0f05', at + 2, 'hex')) {
    const number = numberLoadedBefore(bytes, at);
    const name = number === undefined ? undefined : systemCallName(number);
    if (name) found.add(name);
  }
  return found;
}

function numberLoadedBefore(bytes: Buffer, at: number): number | undefined {
  for (let start = at - 2; start >= Math.max(0, at - windowBytes); start--) {
    if (bytes[start] === movToEax && start + 5 <= at && bytes[start - 1] !== rexB) {
      const number = bytes.readUInt32LE(start + 1);
      if (systemCallName(number)) return number;
    }
    if (bytes[start] === 0x31 && bytes[start + 1] === 0xc0) return 0;
  }
  return undefined;
}

/** System calls behind functions of the C library that have another name, or need more than the call of their name. */
const wrappers: Record<string, readonly string[]> = {
  abort: ['tgkill', 'rt_sigprocmask'],
  aio_read: ['clone3', 'pread64'],
  aio_write: ['clone3', 'pwrite64'],
  closedir: ['close'],
  daemon: ['fork', 'setsid'],
  dlopen: ['openat', 'read', 'mmap', 'newfstatat'],
  exec: ['execve'],
  execl: ['execve'],
  execlp: ['execve'],
  execle: ['execve'],
  execv: ['execve'],
  execvp: ['execve'],
  execvpe: ['execve'],
  exit: ['exit_group'],
  _exit: ['exit_group'],
  fflush: ['write'],
  fgets: ['read'],
  fopen: ['openat', 'newfstatat'],
  fork: ['fork'],
  forkpty: ['fork', 'ioctl'],
  fprintf: ['write'],
  fputs: ['write'],
  fread: ['read'],
  freopen: ['openat'],
  fstat: ['newfstatat'],
  getaddrinfo: ['socket', 'connect', 'sendmmsg', 'recvfrom', 'poll', 'openat'],
  gethostbyname: ['socket', 'connect', 'sendmmsg', 'recvfrom', 'poll', 'openat'],
  getifaddrs: ['socket', 'sendto', 'recvmsg'],
  gethostname: ['uname'],
  getline: ['read'],
  isatty: ['ioctl'],
  lstat: ['newfstatat'],
  nice: ['setpriority'],
  open: ['openat'],
  opendir: ['openat', 'newfstatat'],
  openpty: ['ioctl'],
  popen: ['vfork', 'pipe2', 'execve'],
  posix_fadvise: ['fadvise64'],
  posix_fallocate: ['fallocate'],
  posix_spawn: ['vfork', 'execve'],
  posix_spawnp: ['vfork', 'execve'],
  pread: ['pread64'],
  pthread_cond_wait: ['futex'],
  pthread_create: ['clone3', 'mmap', 'mprotect', 'rt_sigprocmask', 'madvise'],
  pthread_join: ['futex'],
  pthread_kill: ['tgkill'],
  pthread_mutex_lock: ['futex'],
  pthread_setaffinity_np: ['sched_setaffinity'],
  pthread_setname_np: ['prctl'],
  pthread_sigmask: ['rt_sigprocmask'],
  printf: ['write'],
  putchar: ['write'],
  puts: ['write'],
  pwrite: ['pwrite64'],
  raise: ['tgkill', 'rt_sigprocmask'],
  readdir: ['getdents64'],
  recv: ['recvfrom'],
  remove: ['unlink', 'rmdir'],
  sbrk: ['brk'],
  sem_post: ['futex'],
  sem_wait: ['futex'],
  send: ['sendto'],
  sigaction: ['rt_sigaction'],
  signal: ['rt_sigaction'],
  sigprocmask: ['rt_sigprocmask'],
  sigsuspend: ['rt_sigsuspend'],
  sigtimedwait: ['rt_sigtimedwait'],
  sigwait: ['rt_sigtimedwait'],
  sleep: ['clock_nanosleep'],
  stat: ['newfstatat'],
  statvfs: ['statfs'],
  fstatvfs: ['fstatfs'],
  fwrite: ['write'],
  sysconf: ['sysinfo', 'sched_getaffinity'],
  system: ['vfork', 'execve', 'wait4'],
  tcgetattr: ['ioctl'],
  tcsetattr: ['ioctl'],
  usleep: ['clock_nanosleep'],
  wait: ['wait4'],
  waitpid: ['wait4'],
};

/** What glibc's loader and start-up code call in every dynamic program, but for rseq, which they do without. */
export const startupSystemCalls: readonly string[] = [
  'access',
  'arch_prctl',
  'brk',
  'close',
  'exit_group',
  'getrandom',
  'mmap',
  'mprotect',
  'munmap',
  'newfstatat',
  'openat',
  'pread64',
  'prlimit64',
  'read',
  'set_robust_list',
  'set_tid_address',
];

/** Names of the system calls behind functions that a program takes from the C library. */
export function systemCallsOfSymbols(symbols: readonly string[]): Set<string> {
  const found = new Set<string>();
  for (const symbol of symbols) {
    const plain = symbol.replace(/^__(libc_)?/, '').replace(/_chk$/, '');
    const short = plain.replace(/64$/, '');
    const known = wrappers[plain] ?? wrappers[short];
    if (known) for (const name of known) found.add(name);
    else if (systemCallNumber(plain) !== undefined) found.add(plain);
    else if (systemCallNumber(short) !== undefined) found.add(short);
  }
  return found;
}

const cLibrary = /^(libc|libpthread|librt|ld-linux-x86-64|ld-musl-x86_64)\.so(\.\d+)?$|^libc\.musl/;

/** Whether a library is the C library, whose code contains every system call and so says nothing about the program. */
export function isCLibrary(name: string): boolean {
  return cLibrary.test(name);
}

/** System calls that an ELF file can make: its own, and those behind what it imports. */
export function systemCallsOf(elf: ElfFile): Set<string> {
  const own = elf.code.flatMap((code) => [...systemCallsInCode(code)]);
  return new Set([...own, ...systemCallsOfSymbols(elf.undefinedSymbols)]);
}
