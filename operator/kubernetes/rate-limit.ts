import type { Clock, Timer } from '../clock.ts';

export type Priority = 'high' | 'normal' | 'low';

/** Of so many calls that pass while calls of low priority wait, one is of low priority: late, but never for ever. */
const lowShare = 8;

/**
 * A token bucket before the API server: `qps` requests a second on average, `burst` at once. Whoever holds a lease has
 * to renew it in time however much else waits, so calls of high priority go first; those of low priority, which tell
 * what has happened, let those pass that make it happen.
 *
 * ```ts
 * const limit = new RateLimit({ qps: 50, burst: 100, clock });
 * await limit.take('normal', signal);
 * ```
 */
export class RateLimit {
  readonly #qps: number;
  readonly #burst: number;
  readonly #clock: Clock;
  readonly #waiting: Record<Priority, Set<() => void>> = {
    high: new Set(),
    normal: new Set(),
    low: new Set(),
  };
  /** Calls that have passed ahead of waiting ones of low priority. */
  #passed = 0;
  #tokens: number;
  #countedAt: number;
  #timer: Timer | undefined;

  constructor({ qps, burst, clock }: { qps: number; burst: number; clock: Clock }) {
    if (!(qps > 0) || !(burst >= 1))
      throw new TypeError(`A rate limit needs qps > 0 and burst >= 1: ${qps}, ${burst}.`);
    this.#qps = qps;
    this.#burst = burst;
    this.#clock = clock;
    this.#tokens = burst;
    this.#countedAt = clock.monotonic();
  }

  /** How many calls wait for their turn. */
  get waiting(): number {
    return this.#waiting.high.size + this.#waiting.normal.size + this.#waiting.low.size;
  }

  /** @throws the signal's reason when it is aborted before the turn comes */
  take(priority: Priority, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const proceed = () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const abort = () => {
        this.#waiting[priority].delete(proceed);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting[priority].add(proceed);
      this.#serve();
    });
  }

  #serve(): void {
    const now = this.#clock.monotonic();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((now - this.#countedAt) / 1000) * this.#qps);
    this.#countedAt = now;
    // A timer may be early by a rounding error, and would then be set for next to nothing again and again.
    while (this.waiting > 0 && this.#tokens >= 1 - 1e-6) {
      this.#tokens -= 1;
      const queue = this.#next();
      const [proceed] = queue;
      if (!proceed) break;
      queue.delete(proceed);
      proceed();
    }
    if (this.waiting === 0 || this.#timer) return;
    const milliseconds = Math.max(1, ((1 - this.#tokens) / this.#qps) * 1000);
    this.#timer = this.#clock.after(milliseconds, () => {
      this.#timer = undefined;
      this.#serve();
    });
  }

  #next(): Set<() => void> {
    const { high, normal, low } = this.#waiting;
    if (high.size > 0) return high;
    if (low.size === 0) return normal;
    if (normal.size > 0 && ++this.#passed < lowShare) return normal;
    this.#passed = 0;
    return low;
  }
}
