import { setTimeout as delay } from 'node:timers/promises';

const pauseMilliseconds = 500;

/**
 * Resolves when the process that started this one has ended, which shows as another parent. Node.js cannot ask the kernel
 * for a signal, so it looks now and then. Never resolves once aborted.
 */
export async function parentEnds(signal: AbortSignal): Promise<void> {
  const parent = process.ppid;
  while (process.ppid === parent) {
    await delay(pauseMilliseconds, undefined, { ref: false });
    if (signal.aborted) return new Promise(() => {});
  }
}
