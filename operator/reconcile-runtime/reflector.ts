import { type Clock, sleep, systemClock } from '../clock.ts';
import type { ApiClient, ListOptions, ListPage, Selection } from '../kubernetes/api-client.ts';
import { ApiError, isExpired } from '../kubernetes/api-error.ts';
import { type KubernetesObject, keyOf } from '../kubernetes/object.ts';
import type { Resource } from '../kubernetes/resource.ts';
import type { Logger } from '../logger.ts';
import { BackOff } from './back-off.ts';
import { noRuntimeMetrics, type RuntimeMetrics, type WatchEnd } from './metrics.ts';
import { MemoryCache, type ObjectCache } from './object-cache.ts';
import { TimeSlice } from './time-slice.ts';

export interface ReflectorOptions<T extends KubernetesObject> extends Selection {
  client: Pick<ApiClient, 'list' | 'watch'>;
  resource: Resource<T>;
  logger: Logger;
  metrics?: RuntimeMetrics;
  clock?: Clock;
  random?: () => number;
  /** Objects asked for at once; halved while pages are large. Default 250. */
  pageSize?: number;
  /** See `WatchOptions`. */
  inactivitySeconds?: number;
  /** What is kept of an object. Default: all but `managedFields`, which are as large as the rest and read by nobody. */
  keep?: (object: T) => T;
}

/** A page is decoded in one go, at about 10 ms a MiB, so pages are kept small. */
const pageSizeDefault = 250;
const pageSizeMin = 10;
const pageBytesMax = 2 * 1024 * 1024;
const sliceMilliseconds = 10;
const backOffMilliseconds = { first: 800, max: 30_000 };
/** A watch that ended sooner without an event counts as a failure, or a broken server would be asked in a hot loop. */
const shortWatchMilliseconds = 1000;

/**
 * Keeps a cache equal to what the API server has of one resource: lists it in pages, then follows its watch, and goes
 * on from where it was after every kind of failure. Lists anew only when the server no longer knows that place (410).
 * Sources: kubernetes.io "Kubernetes API Concepts"; client-go's Reflector for the figures.
 *
 * ```ts
 * const pods = new Reflector({ client, resource: resources.pods, namespace: 'shop', logger });
 * void pods.start(signal);
 * await pods.cache.synced();
 * console.log(pods.cache.list().length);
 * ```
 */
export class Reflector<T extends KubernetesObject> {
  readonly cache: ObjectCache<T>;
  readonly #cache: MemoryCache<T>;
  readonly #options: ReflectorOptions<T>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #metrics: RuntimeMetrics;
  readonly #backOff: BackOff;
  readonly #slice = new TimeSlice(sliceMilliseconds);
  #pageSize: number;
  /** 410s since the last event. */
  #expirations = 0;
  /** From where the watch goes on; undefined when a list is needed. */
  #resourceVersion: string | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#metrics = options.metrics ?? noRuntimeMetrics;
    this.#pageSize = options.pageSize ?? pageSizeDefault;
    this.#cache = new MemoryCache<T>((error, { type, object }) => {
      const { plural } = options.resource;
      this.#metrics.handlerFailed(plural);
      const fields = { err: error, resource: plural, key: keyOf(object.metadata), change: type };
      options.logger.error(fields, 'A subscriber of a cache failed');
    });
    this.cache = this.#cache;
    this.#backOff = new BackOff({
      firstMilliseconds: backOffMilliseconds.first,
      maxMilliseconds: backOffMilliseconds.max,
      jitter: 1,
      random: this.#random,
    });
  }

  /** Runs until the signal is aborted; never rejects. */
  async start(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#resourceVersion === undefined) await this.#list(signal);
        else await this.#watch(signal);
      } catch (error) {
        if (signal.aborted) return;
        await this.#recover(error, signal);
      }
    }
  }

  async #recover(error: unknown, signal: AbortSignal): Promise<void> {
    const { plural } = this.#options.resource;
    const fields = { err: error, resource: plural, failures: this.#backOff.failures };
    if (isExpired(error)) {
      this.#resourceVersion = undefined;
      this.#options.logger.info(fields, 'The place in the history of a resource is no longer known, listing it anew');
      // The first new list comes at once, but a server that says 410 to everything is not asked without a pause.
      this.#expirations += 1;
      if (this.#expirations === 1) return;
    } else {
      this.#options.logger.warn(fields, 'Following a resource failed, trying again');
    }
    const retryAfter = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    await sleep(this.#clock, Math.max(retryAfter, this.#backOff.next()), signal);
  }

  async #list(signal: AbortSignal): Promise<void> {
    const seen = new Set<string>();
    let token: string | undefined;
    do {
      const page = await this.#page(signal, token);
      for (const object of page.items) {
        seen.add(keyOf(object.metadata));
        this.#cache.set(this.#kept(object));
        await this.#slice.pause();
      }
      token = page.continue;
      if (!token) {
        this.#cache.retain(seen);
        this.#resourceVersion = page.resourceVersion;
      }
    } while (token);
    this.#metrics.listed(this.#options.resource.plural, seen.size);
  }

  async #page(signal: AbortSignal, token: string | undefined): Promise<ListPage<T>> {
    const { client, resource } = this.#options;
    const options: ListOptions = { ...this.#selection(), limit: this.#pageSize, signal };
    if (token) options.continue = token;
    const page = await client.list(resource, options);
    if (page.bytes > pageBytesMax) this.#pageSize = Math.max(pageSizeMin, Math.floor(this.#pageSize / 2));
    return page;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { client, resource, inactivitySeconds } = this.#options;
    const startedAt = this.#clock.monotonic();
    let events = 0;
    let end: WatchEnd = 'error';
    try {
      const stream = client.watch(resource, {
        ...this.#selection(),
        resourceVersion: this.#resourceVersion ?? '',
        signal,
        ...(inactivitySeconds !== undefined && { inactivitySeconds }),
      });
      for await (const event of stream) {
        events += 1;
        this.#progressed();
        if (event.type === 'BOOKMARK') this.#resourceVersion = event.object.metadata.resourceVersion;
        else this.#take(event.type, event.object);
        await this.#slice.pause();
      }
      end = 'closed';
    } catch (error) {
      if (isExpired(error)) end = 'expired';
      else if (error instanceof ApiError && error.reason === 'Timeout') end = 'silent';
      throw error;
    } finally {
      if (!signal.aborted) this.#metrics.watchEnded(resource.plural, end);
    }
    const short = events === 0 && this.#clock.monotonic() - startedAt < shortWatchMilliseconds;
    if (short) await sleep(this.#clock, this.#backOff.next(), signal);
    else this.#progressed();
  }

  #progressed(): void {
    this.#backOff.reset();
    this.#expirations = 0;
  }

  #take(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void {
    if (type === 'DELETED') this.#cache.delete(object.metadata, this.#kept(object));
    else this.#cache.set(this.#kept(object));
    this.#resourceVersion = object.metadata.resourceVersion ?? this.#resourceVersion;
  }

  #kept(object: T): T {
    return this.#options.keep ? this.#options.keep(object) : withoutManagedFields(object);
  }

  #selection(): Selection {
    const { namespace, labelSelector, fieldSelector } = this.#options;
    return {
      ...(namespace !== undefined && { namespace }),
      ...(labelSelector !== undefined && { labelSelector }),
      ...(fieldSelector !== undefined && { fieldSelector }),
    };
  }
}

function withoutManagedFields<T extends KubernetesObject>(object: T): T {
  delete object.metadata.managedFields;
  return object;
}
