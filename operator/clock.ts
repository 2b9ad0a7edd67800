/** A pending call of a {@link Clock}; `cancel` is harmless after it has run. */
export interface Timer {
  cancel(): void;
}

/** Time as the operator sees it, passed in everywhere, so that tests decide how it goes by. */
export interface Clock {
  /** Milliseconds since 1970, for what is written into objects. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes back. For durations. */
  monotonic(): number;
  after(milliseconds: number, run: () => void): Timer;
}

/** Node.js takes a longer delay for 1 ms. */
const delayMillisecondsMax = 2 ** 31 - 1;

/** The machine's own clock. Its timers keep the process alive, as pending work should. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(milliseconds, run) {
    const timer = setTimeout(run, Math.min(milliseconds, delayMillisecondsMax));
    return { cancel: () => clearTimeout(timer) };
  },
};

/**
 * Waits; ends early, without an error, when the signal is aborted.
 *
 * ```ts
 * await sleep(clock, 10_000, signal);
 * if (signal.aborted) return;
 * ```
 */
export function sleep(clock: Clock, milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      timer.cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = clock.after(milliseconds, done);
    signal?.addEventListener('abort', done);
  });
}
