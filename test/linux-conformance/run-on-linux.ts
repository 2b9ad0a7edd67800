/**
 * Runs a case on the host's Linux, in the same root that OS^v gets: the root folder under a writable overlay,
 * fresh /tmp, own mount and network namespaces, loopback up.
 */
import { run } from '../guest/command.ts';
import type { Outcome } from './outcome.ts';

/** What is run: a program of an unpacked root. */
export interface LinuxCase {
  readonly root: string;
  /** Of the program, in that root. */
  readonly path: string;
  readonly program: { readonly arguments: readonly string[]; readonly input: string };
}

/** Runs inside `unshare`: mounts, then becomes the program. $1 root, $2 program, rest arguments. */
const script = `
set -e
root=$1; shift
# A folder of every Debian to mount on; one that does not hide the root.
for work in /mnt /media /srv; do case $root in $work/*) ;; *) break ;; esac; done
mount -t tmpfs tmpfs $work
mkdir $work/upper $work/work $work/merged
mount -t overlay overlay -o "lowerdir=$root,upperdir=$work/upper,workdir=$work/work" $work/merged
mount --rbind /dev $work/merged/dev
mount --rbind /proc $work/merged/proc
mount --rbind /sys $work/merged/sys
mount -t tmpfs tmpfs $work/merged/tmp
ip link set lo up
ulimit -c 0
exec chroot $work/merged "$@"
`;

const signalNumbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGHUP: 1,
  SIGILL: 4,
  SIGINT: 2,
  SIGKILL: 9,
  SIGPIPE: 13,
  SIGSEGV: 11,
  SIGTERM: 15,
  SIGTRAP: 5,
};

/** What the program prints and how it ends on Linux. */
export async function runOnLinux(one: LinuxCase, timeoutMs: number): Promise<Outcome> {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const args = [...user, '--mount', '--net', 'sh', '-c', script, 'sh', one.root, one.path, ...one.program.arguments];
  const environment = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
  const result = await run('unshare', args, { input: one.program.input, environment, timeoutMs });
  if (result.timedOut) return { end: { kind: 'timeout' }, stdout: result.stdout, stderr: result.stderr };
  const end =
    result.signal === null
      ? ({ kind: 'exit', code: result.code ?? -1 } as const)
      : ({ kind: 'signal', signal: signalNumbers[result.signal] ?? -1 } as const);
  return { end, stdout: result.stdout, stderr: result.stderr };
}
