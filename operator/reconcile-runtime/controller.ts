import { type Clock, systemClock } from '../clock.ts';
import { isConflict } from '../kubernetes/api-error.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import type { Logger } from '../logger.ts';
import { noRuntimeMetrics, type ReconcileResult, type RuntimeMetrics } from './metrics.ts';
import type { CacheChange, ObjectCache } from './object-cache.ts';
import { WorkQueue } from './work-queue.ts';

export interface ReconcileOutcome {
  /** Looks again after this time at the latest, for what no change will tell of. */
  requeueAfterSeconds?: number;
}

export interface ControllerOptions {
  /** Label of metrics and log lines. */
  name: string;
  /**
   * Brings the world one step closer to what the object of this key asks for; called again and again, at most once at
   * a time for each key. It looks at the present state only: which change called it is not known (level-based).
   */
  reconcile: (key: string, signal: AbortSignal) => Promise<ReconcileOutcome | undefined> | Promise<void>;
  /** Keys worked on at the same time; default 1. */
  concurrency?: number;
  /** Keys that others have to wait for, such as those of new objects; `concurrency` more are worked on beside the rest. */
  isUrgent?: (key: string) => boolean;
  logger: Logger;
  metrics?: RuntimeMetrics;
  clock?: Clock;
  /** See `WorkQueueOptions`. */
  queueDepthMax?: number;
}

/**
 * Calls `reconcile` for every key that a change maps to, with retries and back-off.
 *
 * ```ts
 * const controller = new Controller({ name: 'osv-app', reconcile, concurrency: 4, logger, metrics });
 * controller.watch(apps.cache, ({ object }) => [keyOf(object.metadata)]);
 * controller.watch(pods.cache, ({ object }) => ownersOf(object));
 * await controller.start(signal);
 * ```
 */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #metrics: RuntimeMetrics;
  readonly #queue: WorkQueue;
  readonly #conditions: (() => Promise<void>)[] = [];
  readonly #sources: { synced: () => Promise<void>; keys: () => Iterable<string>; end: () => void }[] = [];
  /** The queue was full and some change was lost: all objects are looked at again, as there is room. */
  #overflowed = false;
  #backlog: Iterator<string> | undefined;

  constructor(options: ControllerOptions) {
    const { name, clock = systemClock, metrics = noRuntimeMetrics, queueDepthMax, isUrgent } = options;
    this.#options = options;
    this.#metrics = metrics;
    this.#queue = new WorkQueue({
      name,
      clock,
      metrics,
      ...(queueDepthMax && { depthMax: queueDepthMax }),
      ...(isUrgent && { isUrgent }),
    });
  }

  /** Keys that wait. */
  get depth(): number {
    return this.#queue.depth;
  }

  /**
   * Enqueues the keys that `map` makes of each change, and of each object that is already there. For an update `map`
   * is asked for the old object too, in `old`, so that an object that changes owners reaches both.
   */
  watch<T extends KubernetesObject>(cache: ObjectCache<T>, map: (change: CacheChange<T>) => Iterable<string>): void {
    this.#sources.push({
      synced: () => cache.synced(),
      *keys() {
        for (const object of cache.list()) yield* map({ type: 'added', object });
      },
      end: cache.subscribe((change) => {
        for (const key of map(change)) this.enqueue(key);
      }),
    });
  }

  /** Work begins after this too: for what `reconcile` looks at beside the caches that it watches. */
  startAfter(condition: () => Promise<void>): void {
    this.#conditions.push(condition);
  }

  enqueue(key: string): void {
    if (!this.#queue.add(key)) this.#overflowed = true;
  }

  /** For something that happens at a known time, such as a deadline. */
  enqueueAfter(key: string, seconds: number): void {
    if (!this.#queue.addAfter(key, seconds * 1000)) this.#overflowed = true;
  }

  /**
   * Waits for all caches and conditions, then works until the signal is aborted. Resolves when the last reconcile has ended; what
   * still waits then is dropped, since the next start lists everything.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { concurrency = 1, name, logger } = this.#options;
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const stopped = aborted.then(() => this.#queue.shutDown());
    const conditions = [...this.#sources.map(({ synced }) => synced), ...this.#conditions];
    await Promise.race([Promise.all(conditions.map((condition) => condition())), aborted]);
    if (!signal.aborted) logger.info({ controller: name, concurrency }, 'Controller starts');
    const workers = Array.from({ length: concurrency }, () => this.#work(signal, {}));
    if (this.#options.isUrgent) {
      workers.push(...Array.from({ length: concurrency }, () => this.#work(signal, { urgentOnly: true })));
    }
    await Promise.all([stopped, ...workers]);
    for (const { end } of this.#sources) end();
    logger.info({ controller: name }, 'Controller has ended');
  }

  async #work(signal: AbortSignal, which: { urgentOnly?: boolean }): Promise<void> {
    for (;;) {
      const key = await this.#queue.get(which);
      if (key === undefined) return;
      try {
        await this.#reconcile(key, signal);
      } finally {
        this.#queue.done(key);
      }
      this.#catchUp();
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<void> {
    const { name, reconcile, logger, clock = systemClock } = this.#options;
    const startedAt = clock.monotonic();
    let result: ReconcileResult = 'success';
    try {
      const { requeueAfterSeconds } = (await reconcile(key, signal)) ?? {};
      this.#queue.forget(key);
      if (requeueAfterSeconds !== undefined) {
        result = 'requeue-after';
        this.enqueueAfter(key, Math.max(minimumRequeueSeconds, requeueAfterSeconds));
      }
    } catch (error) {
      if (signal.aborted) return;
      result = isConflict(error) ? 'conflict' : 'error';
      const fields = { err: error, controller: name, key, failures: this.#queue.failures(key) + 1 };
      if (result === 'conflict') logger.debug(fields, 'The object changed in between, reconciling again');
      else logger.error(fields, 'Reconcile failed, trying again later');
      if (!this.#queue.addRateLimited(key)) this.#overflowed = true;
    } finally {
      this.#metrics.reconciled(name, result, (clock.monotonic() - startedAt) / 1000);
    }
  }

  /** Feeds the queue with all keys after it was full; only as there is room, or they would fill it for ever. */
  #catchUp(): void {
    if (this.#queue.depth > 0) return;
    if (!this.#backlog && this.#overflowed) {
      this.#overflowed = false;
      this.#backlog = this.#allKeys();
      this.#options.logger.warn({ controller: this.#options.name }, 'The queue was full, looking at all objects again');
    }
    while (this.#backlog && this.#queue.hasRoom) {
      const { done, value } = this.#backlog.next();
      if (done) this.#backlog = undefined;
      else this.#queue.add(value);
    }
  }

  *#allKeys(): Generator<string, void, undefined> {
    for (const { keys } of this.#sources) yield* keys();
  }
}

/** A reconcile that asks for itself at once, for ever, would be a hot loop. */
const minimumRequeueSeconds = 0.01;
