import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  readonly secondsMax: number;
  /** Gives up at once when aborted. */
  readonly signal?: AbortSignal;
  readonly pauseMilliseconds?: number;
}

/**
 * Asks again and again until the condition holds. A rejection of it counts as "not yet", and is named when time is up;
 * one question is given up after a while, because its answer may never come.
 *
 * @throws Error `SENTENCE did not come true within …`, or the signal's reason
 */
export async function waitUntil(
  sentence: string,
  condition: (signal: AbortSignal) => Promise<boolean>,
  { secondsMax, signal, pauseMilliseconds = 50 }: WaitOptions,
): Promise<void> {
  const deadline = performance.now() + secondsMax * 1000;
  let last: unknown;
  while (performance.now() < deadline) {
    signal?.throwIfAborted();
    const patience = AbortSignal.timeout(5000);
    try {
      if (await condition(signal ? AbortSignal.any([signal, patience]) : patience)) return;
    } catch (error) {
      last = error;
    }
    signal?.throwIfAborted();
    await delay(pauseMilliseconds, undefined, signal ? { signal } : {});
  }
  const why = last instanceof Error ? ` (${last.message})` : '';
  throw new Error(`"${sentence}" did not come true within ${secondsMax} s${why}`, { cause: last });
}
