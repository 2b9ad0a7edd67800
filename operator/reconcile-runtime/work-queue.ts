import { type Clock, systemClock, type Timer } from '../clock.ts';
import { noRuntimeMetrics, type RuntimeMetrics } from './metrics.ts';

export interface WorkQueueOptions {
  /** Label of the metrics. */
  name: string;
  clock?: Clock;
  metrics?: RuntimeMetrics;
  /** Keys that wait at most, the delayed ones included. Default 100,000. */
  depthMax?: number;
  /** Asked when a key becomes ready. Urgent keys are worked on first; every fourth turn is for the others. */
  isUrgent?: (key: string) => boolean;
}

const depthMaxDefault = 100_000;
/** Of so many turns while both kinds wait, one is for keys that are not urgent. */
const patientShare = 4;
const retryMilliseconds = { first: 5, max: 16 * 60 * 1000 };
/** 5 ms · 2^18 is above the maximum. */
const failuresCounted = 18;

/**
 * Keys that want to be worked on, each at most once, and never by two workers at a time: a key that is added while it
 * is being worked on comes again afterwards. Semantics and figures of client-go's workqueue.
 *
 * ```ts
 * queue.add('shop/redis');
 * const key = await queue.get();
 * try { await work(key); queue.forget(key); } catch { queue.addRateLimited(key); } finally { queue.done(key); }
 * ```
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #metrics: RuntimeMetrics;
  readonly #name: string;
  readonly #depthMax: number;
  /** In the order of arrival; the value is when. */
  readonly #ready = new Map<string, number>();
  readonly #urgent = new Map<string, number>();
  readonly #isUrgent: (key: string) => boolean;
  /** Urgent keys that were taken while others waited. */
  #passed = 0;
  readonly #processing = new Map<string, number>();
  /** Added while being worked on. */
  readonly #dirty = new Set<string>();
  readonly #delayed = new Map<string, { at: number; timer: Timer }>();
  readonly #failures = new Map<string, number>();
  readonly #takers = new Set<() => void>();
  readonly #urgentTakers = new Set<() => void>();
  #shutDown = false;

  constructor(options: WorkQueueOptions) {
    const { name, clock = systemClock, metrics = noRuntimeMetrics, depthMax = depthMaxDefault } = options;
    this.#name = name;
    this.#clock = clock;
    this.#metrics = metrics;
    this.#depthMax = depthMax;
    this.#isUrgent = options.isUrgent ?? (() => false);
    metrics.queueCreated(name, this);
  }

  /** Keys that are ready and that nobody works on yet. */
  get depth(): number {
    return this.#ready.size + this.#urgent.size;
  }

  get delayed(): number {
    return this.#delayed.size;
  }

  /** Keys that wait, ready or delayed. */
  get waiting(): number {
    return this.depth + this.#delayed.size;
  }

  get hasRoom(): boolean {
    return this.waiting < this.#depthMax;
  }

  /** For how long the key that is worked on longest has been; 0 without one. */
  get longestRunningSeconds(): number {
    // In the order of their start.
    const startedAt = this.#processing.values().next().value;
    return startedAt === undefined ? 0 : (this.#clock.monotonic() - startedAt) / 1000;
  }

  /** @returns false when the queue is full or shut down, and the key was not taken */
  add(key: string): boolean {
    if (this.#shutDown) return false;
    if (this.#ready.has(key) || this.#urgent.has(key) || this.#dirty.has(key)) return true;
    if (this.waiting >= this.#depthMax && !this.#delayed.has(key) && !this.#processing.has(key)) {
      this.#metrics.queueFull(this.#name);
      return false;
    }
    this.#metrics.queueAdded(this.#name);
    if (this.#processing.has(key)) this.#dirty.add(key);
    else this.#makeReady(key);
    return true;
  }

  /** Adds the key later; of several times the earliest counts. */
  addAfter(key: string, milliseconds: number): boolean {
    if (milliseconds <= 0) return this.add(key);
    if (this.#shutDown) return false;
    const at = this.#clock.monotonic() + milliseconds;
    const known = this.#delayed.get(key);
    if (known && known.at <= at) return true;
    if (!known && this.waiting >= this.#depthMax) {
      this.#metrics.queueFull(this.#name);
      return false;
    }
    known?.timer.cancel();
    const timer = this.#clock.after(milliseconds, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { at, timer });
    return true;
  }

  /** Adds the key after its back-off: 5 ms doubling to 16 minutes with every call since {@link forget}. */
  addRateLimited(key: string): boolean {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    this.#metrics.queueRetried(this.#name);
    const { first, max } = retryMilliseconds;
    return this.addAfter(key, Math.min(max, first * 2 ** Math.min(failures, failuresCounted)));
  }

  /** The key is well again: its next failure waits 5 ms. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** Failures in a row. */
  failures(key: string): number {
    return this.#failures.get(key) ?? 0;
  }

  /**
   * The next key, when there is one; undefined after {@link shutDown}. Each key that is got must be {@link done}.
   *
   * @param urgentOnly waits for an urgent one, whatever else is there
   */
  async get({ urgentOnly = false } = {}): Promise<string | undefined> {
    for (;;) {
      if (this.#shutDown) return undefined;
      const queue = urgentOnly ? this.#urgent : this.#next();
      const next = queue.entries().next().value;
      if (next) return this.#take(queue, ...next);
      const takers = urgentOnly ? this.#urgentTakers : this.#takers;
      await new Promise<void>((resolve) => void takers.add(resolve));
    }
  }

  done(key: string): void {
    const startedAt = this.#processing.get(key);
    if (startedAt === undefined) return;
    this.#processing.delete(key);
    this.#metrics.queueWorked(this.#name, (this.#clock.monotonic() - startedAt) / 1000);
    if (this.#dirty.delete(key) && !this.#shutDown) this.#makeReady(key);
  }

  /** Drops what waits and ends every {@link get}; what is being worked on may go on. */
  shutDown(): void {
    this.#shutDown = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#ready.clear();
    this.#urgent.clear();
    this.#dirty.clear();
    this.#failures.clear();
    wakeAll(this.#takers);
    wakeAll(this.#urgentTakers);
  }

  #makeReady(key: string): void {
    const urgent = this.#isUrgent(key);
    (urgent ? this.#urgent : this.#ready).set(key, this.#clock.monotonic());
    const takers = urgent && this.#urgentTakers.size > 0 ? this.#urgentTakers : this.#takers;
    wakeOne(takers);
  }

  #next(): Map<string, number> {
    if (this.#ready.size === 0) return this.#urgent;
    if (this.#urgent.size > 0 && ++this.#passed < patientShare) return this.#urgent;
    this.#passed = 0;
    return this.#ready;
  }

  #take(queue: Map<string, number>, key: string, readySince: number): string {
    const now = this.#clock.monotonic();
    queue.delete(key);
    this.#processing.set(key, now);
    this.#metrics.queueTaken(this.#name, (now - readySince) / 1000);
    // A worker that was woken for a key may take another, urgent one: somebody else has to come for the first.
    if (this.depth > 0) wakeOne(this.#takers);
    return key;
  }
}

function wakeOne(takers: Set<() => void>): void {
  const [taker] = takers;
  if (!taker) return;
  takers.delete(taker);
  taker();
}

function wakeAll(takers: Set<() => void>): void {
  for (const taker of takers) taker();
  takers.clear();
}
