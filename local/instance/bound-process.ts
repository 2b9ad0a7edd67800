import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';

/**
 * Starts a program that cannot live on when this process has died, however it did: the kernel then sends it SIGKILL.
 *
 * The shell between setpriv and the program closes a gap: had this process died before the parent-death signal was asked
 * for, the child would have another parent by now, and ends.
 *
 * @param setpriv path of util-linux's setpriv
 */
export function spawnBound(setpriv: string, command: readonly string[], stdio: StdioOptions): ChildProcess {
  const guard = ['/bin/sh', '-c', '[ "$PPID" = "$0" ] || exit 1; exec "$@"', `${process.pid}`];
  return spawn(setpriv, ['--pdeathsig', 'KILL', '--', ...guard, ...command], {
    // Its own process group: Ctrl-C on a terminal is for us.
    detached: true,
    stdio,
  });
}
