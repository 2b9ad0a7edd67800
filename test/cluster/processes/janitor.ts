import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';

/** Removes a folder when this process ends without having removed it, be it by SIGKILL. */
export interface Janitor {
  /** Removes the folder now, or leaves it to whoever wants to look into it. */
  dismiss(folder: 'remove' | 'keep'): Promise<void>;
}

/**
 * A shell that waits for the end of its standard input, which comes with the end of this process. What the dying
 * processes still write may come between its own steps, so it tries until nothing is left.
 */
const script = `read -r word
[ "$word" != keep ] || exit 0
tries=0
while [ -e "$1" ] && [ "$tries" -lt 50 ]; do
  rm -rf -- "$1" 2>/dev/null || sleep 0.1
  tries=$((tries + 1))
done`;

export async function employJanitor(folder: string): Promise<Janitor> {
  const child = spawn('/bin/sh', ['-c', script, 'osv-cluster-janitor', folder], {
    // Ctrl-C on a terminal is not for it.
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  await once(child, 'spawn');
  child.unref();
  child.stdin.on('error', () => {});
  (child.stdin as typeof child.stdin & { unref?: () => void }).unref?.();
  return {
    async dismiss(what) {
      if (what === 'remove') await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exit = once(child, 'exit');
      child.ref();
      child.stdin.end(`${what}\n`);
      await exit;
    },
  };
}
