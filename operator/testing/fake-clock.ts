import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock, Timer } from '../clock.ts';

/** Turns of the event loop that a step leaves to promises, sockets on loopback and the like. */
const turnsPerStep = 4;

/**
 * A clock that stands still until the test moves it.
 *
 * ```ts
 * const clock = new FakeClock();
 * clock.after(5000, () => console.log('five seconds'));
 * await clock.advance(5000);
 * ```
 */
export class FakeClock implements Clock {
  #elapsed = 0;
  readonly #startedAt: number;
  readonly #timers = new Set<{ at: number; run: () => void }>();

  constructor(startedAt = Date.parse('2026-01-01T00:00:00Z')) {
    this.#startedAt = startedAt;
  }

  now(): number {
    return this.#startedAt + this.#elapsed;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  /** How many calls are pending. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next call; undefined without one. */
  get next(): number | undefined {
    const at = Math.min(...[...this.#timers].map((timer) => timer.at));
    return Number.isFinite(at) ? at - this.#elapsed : undefined;
  }

  after(milliseconds: number, run: () => void): Timer {
    const timer = { at: this.#elapsed + Math.max(0, milliseconds), run };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  /** Lets time pass, running what becomes due in order, with room for promises between the calls. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#elapsed + milliseconds;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= until).sort((left, right) => left.at - right.at)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#elapsed = Math.max(this.#elapsed, due.at);
      due.run();
      await settle();
    }
    this.#elapsed = until;
    await settle();
  }
}

/** Lets pending promises go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < turnsPerStep; turn++) await nextTurn();
}
