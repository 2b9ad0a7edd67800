import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Lets other work have its turn during a long loop: probes and lease renewals must not wait until a list of thousands
 * of objects has been taken in.
 *
 * ```ts
 * const slice = new TimeSlice(10);
 * for (const item of items) { take(item); await slice.pause(); }
 * ```
 */
export class TimeSlice {
  readonly #milliseconds: number;
  #startedAt = performance.now();

  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds;
  }

  /** Returns at once until the slice is used up. */
  pause(): Promise<void> | undefined {
    if (performance.now() - this.#startedAt < this.#milliseconds) return undefined;
    return this.#yield();
  }

  async #yield(): Promise<void> {
    await nextTurn();
    this.#startedAt = performance.now();
  }
}
