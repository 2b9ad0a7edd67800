/**
 * The command line that runs a program which cannot live on when this process has died, however it died: the kernel
 * then sends it the signal (PR_SET_PDEATHSIG of prctl(2), through util-linux' setpriv).
 *
 * The shell in between closes a gap: had this process died before the signal was asked for, the child would have another
 * parent by now, and ends.
 */
export function diesWithParent(program: string, args: readonly string[], signal = 'KILL'): [string, string[]] {
  const whileParentLives = '[ "$PPID" = "$0" ] || exit 1; exec "$@"';
  return [
    'setpriv',
    ['--pdeathsig', signal, '--', '/bin/sh', '-c', whileParentLives, `${process.pid}`, program, ...args],
  ];
}
