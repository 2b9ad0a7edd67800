import { type Clock, systemClock } from '../clock.ts';
import type { ApiClient } from '../kubernetes/api-client.ts';
import { isNotFound } from '../kubernetes/api-error.ts';
import type { KubernetesObject } from '../kubernetes/object.ts';
import { apiVersionOf, type Resource } from '../kubernetes/resource.ts';
import { type Event, resources } from '../kubernetes/resources.ts';
import type { Logger } from '../logger.ts';
import { microTime } from './lease-record.ts';
import { noRuntimeMetrics, type RuntimeMetrics } from './metrics.ts';
import { SpamFilter } from './spam-filter.ts';

export interface RecordedEvent {
  type: 'Normal' | 'Warning';
  /** Why it happened, one word in CamelCase: BuildFailed. */
  reason: string;
  /** A sentence for people; cut after 1,024 bytes. */
  message: string;
  /** What was done, one word in CamelCase: Build. */
  action: string;
}

export interface EventRecorderOptions {
  client: Pick<ApiClient, 'create' | 'mergePatch'>;
  /** Such as osvapp.dev/operator. */
  controller: string;
  /** Such as the pod's name. */
  instance: string;
  logger: Logger;
  metrics?: RuntimeMetrics;
  clock?: Clock;
  random?: () => number;
}

/** The object that an event is about, with its type where the object itself does not say it. */
export type Regarding = Readonly<KubernetesObject> | { resource: Resource; object: Readonly<KubernetesObject> };

interface Series {
  event: Event;
  /** Of its first event; those that follow are named after it. */
  readonly name: string;
  /** Of all, the first included. */
  count: number;
  writtenCount: number;
  lastAt: number;
  writtenAt: number;
}

/** Equal events within this time of each other make one object with a count. */
const seriesMilliseconds = 10 * 60 * 1000;
/** The count of a series that goes on is written at most this often. */
const seriesWriteMilliseconds = 60 * 1000;
const seriesMax = 4096;
const queueMax = 1000;
const messageBytesMax = 1024;

/**
 * Writes events (events.k8s.io/v1) about objects, in the background: an event that cannot be written is logged and
 * dropped, never an error of the work that it tells of. Equal events become one with a count; an object that makes too
 * many is silenced for a while ({@link SpamFilter}).
 *
 * ```ts
 * recorder.record({ resource: resources.osvApps, object: app }, {
 *   type: 'Warning', reason: 'BuildFailed', message: 'The archive is no zip.', action: 'Build',
 * });
 * await recorder.flush(); // before the process ends
 * ```
 */
export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #metrics: RuntimeMetrics;
  readonly #filter: SpamFilter;
  /** In the order of use, so that the one unused for longest is dropped first. */
  readonly #series = new Map<string, Series>();
  readonly #queue: (() => Promise<void>)[] = [];
  #writing: Promise<void> | undefined;

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#metrics = options.metrics ?? noRuntimeMetrics;
    this.#filter = new SpamFilter(this.#clock);
  }

  record(regarding: Regarding, event: RecordedEvent): void {
    const about = referenceTo(regarding);
    if (!this.#filter.allows(`${about.uid}`)) {
      this.#metrics.eventDropped();
      return;
    }
    const note = this.#filter.combine(`${about.uid} ${event.type} ${event.reason}`, event.message);
    const key = JSON.stringify([about.uid, about.name, event.type, event.reason, event.action, note]);
    const now = this.#clock.now();
    const known = this.#series.get(key);
    this.#series.delete(key);
    if (known && now - known.lastAt < seriesMilliseconds) {
      known.count += 1;
      known.lastAt = now;
      this.#series.set(key, known);
      const due = known.writtenCount === 1 || now - known.writtenAt >= seriesWriteMilliseconds;
      if (due) this.#enqueue(() => this.#writeSeries(known));
      return;
    }
    const object = this.#event(about, { ...event, message: note }, now);
    const series = {
      event: object,
      name: object.metadata.name,
      count: 1,
      writtenCount: 1,
      lastAt: now,
      writtenAt: now,
    };
    this.#series.set(key, series);
    this.#prune();
    this.#enqueue(async () => void (await this.#options.client.create(resources.events, object)));
  }

  /** Writes the last counts; resolves when everything that was recorded is written or dropped. */
  async flush(): Promise<void> {
    for (const series of this.#series.values()) {
      if (series.count > series.writtenCount) this.#enqueue(() => this.#writeSeries(series));
    }
    await this.#writing;
  }

  #event(about: ObjectReferenceOfEvent, { type, reason, message, action }: RecordedEvent, now: number): Event {
    const suffix = Math.floor(this.#random() * 16 ** 6)
      .toString(16)
      .padStart(6, '0');
    return {
      metadata: {
        // As client-go names them, so that they sort by time; unique by the random part.
        name: `${about.name.slice(0, 200)}.${(BigInt(now) * 1_000_000n).toString(16)}${suffix}`,
        namespace: about.namespace ?? 'default',
      },
      eventTime: microTime(now),
      type,
      reason,
      action,
      note: cut(message),
      regarding: about,
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance.slice(0, 128),
    };
  }

  async #writeSeries(series: Series): Promise<void> {
    const { event, count, lastAt } = series;
    if (count === series.writtenCount) return;
    series.writtenCount = count;
    series.writtenAt = lastAt;
    const state = { count, lastObservedTime: microTime(lastAt) };
    try {
      await this.#options.client.mergePatch(resources.events, event.metadata, { series: state });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // The server keeps events for an hour only; what goes on is told anew.
      const { namespace } = event.metadata;
      const again = {
        ...event,
        metadata: { name: `${series.name}-${count}`, ...(namespace && { namespace }) },
        series: state,
      };
      series.event = await this.#options.client.create(resources.events, again);
    }
  }

  #enqueue(write: () => Promise<void>): void {
    if (this.#queue.length >= queueMax) {
      this.#metrics.eventDropped();
      return;
    }
    this.#queue.push(write);
    this.#writing ??= this.#drain();
  }

  async #drain(): Promise<void> {
    for (let write = this.#queue.shift(); write; write = this.#queue.shift()) {
      try {
        await write();
      } catch (error) {
        this.#metrics.eventDropped();
        this.#options.logger.warn({ err: error }, 'An event could not be written');
      }
    }
    // In the same turn as the last look at the queue: what comes after it begins anew.
    this.#writing = undefined;
  }

  #prune(): void {
    for (const [key, { lastAt }] of this.#series) {
      if (this.#series.size <= seriesMax && this.#clock.now() - lastAt < seriesMilliseconds) return;
      this.#series.delete(key);
    }
  }
}

interface ObjectReferenceOfEvent {
  apiVersion?: string;
  kind?: string;
  namespace?: string;
  name: string;
  uid?: string;
  resourceVersion?: string;
}

function referenceTo(regarding: Regarding): ObjectReferenceOfEvent {
  const wrapped = 'resource' in regarding;
  const object = wrapped ? (regarding.object as Readonly<KubernetesObject>) : (regarding as Readonly<KubernetesObject>);
  const { namespace, name, uid, resourceVersion } = object.metadata;
  const apiVersion = wrapped ? apiVersionOf(regarding.resource as Resource) : object.apiVersion;
  const kind = wrapped ? (regarding.resource as Resource).kind : object.kind;
  return {
    ...(apiVersion && { apiVersion }),
    ...(kind && { kind }),
    ...(namespace && { namespace }),
    name,
    ...(uid && { uid }),
    ...(resourceVersion && { resourceVersion }),
  };
}

/** The API server refuses longer notes. */
function cut(message: string): string {
  if (Buffer.byteLength(message) <= messageBytesMax) return message;
  const bytes = Buffer.from(message).subarray(0, messageBytesMax - 3);
  // A character that was cut in two decodes to U+FFFD.
  return `${bytes.toString('utf8').replace(/\uFFFD+$/, '')}…`;
}
