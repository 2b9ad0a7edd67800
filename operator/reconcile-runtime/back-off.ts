/**
 * Delays that double with every failure in a row.
 *
 * ```ts
 * const backOff = new BackOff({ firstMilliseconds: 800, maxMilliseconds: 30_000, jitter: 1, random: Math.random });
 * backOff.next(); // 800 to 1600
 * backOff.next(); // 1600 to 3200
 * backOff.reset();
 * ```
 */
export class BackOff {
  readonly #options: BackOffOptions;
  #failures = 0;

  constructor(options: BackOffOptions) {
    this.#options = options;
  }

  /** Failures in a row so far. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure. @returns milliseconds to wait */
  next(): number {
    const { firstMilliseconds, maxMilliseconds, jitter = 0, random } = this.#options;
    const delay = Math.min(maxMilliseconds, firstMilliseconds * 2 ** this.#failures);
    this.#failures += 1;
    return delay * (1 + jitter * random());
  }

  reset(): void {
    this.#failures = 0;
  }
}

export interface BackOffOptions {
  firstMilliseconds: number;
  maxMilliseconds: number;
  /** Up to this part of the delay is added at random, so that many clients do not come at once. */
  jitter?: number;
  random: () => number;
}
