import { type Clock, systemClock } from '../clock.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import type { ObjectCache } from './object-cache.ts';

interface Write extends ObjectReference {
  readonly cache: Pick<ObjectCache<KubernetesObject>, 'get'>;
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  /** Milliseconds of the clock; from then on nobody waits for it any more. */
  readonly until: number;
}

/** A watch that is so late is broken, and a pass over what is known is better than none. */
const waitMillisecondsMax = 30_000;

/**
 * What passes have written and their caches do not show yet. A pass that looked at the older state would do the same work
 * again: ask for what is there, write what is written, tell of it in a second event. client-go's controllers keep
 * expectations for the same reason.
 *
 * ```ts
 * const wait = writes.waitSeconds(key);
 * if (wait !== undefined) return { requeueAfterSeconds: wait };
 * writes.note(key, services, await client.apply(resources.services, wanted));
 * controller.watch(services, ({ object }) => [ownerOf(object)].filter((key) => writes.isNews(key, object)));
 * ```
 */
export class PendingWrites {
  readonly #clock: Clock;
  /** By the key of the pass. */
  readonly #writes = new Map<string, readonly Write[]>();
  /** Keys whose pass was put off. */
  readonly #held = new Set<string>();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

  /** @param object as the server answered it */
  note<T extends KubernetesObject>(key: string, cache: Pick<ObjectCache<T>, 'get'>, object: Readonly<T>): void {
    const { namespace, name, uid, resourceVersion } = object.metadata;
    const until = this.#clock.monotonic() + waitMillisecondsMax;
    const write: Write = { cache, name, ...(namespace ? { namespace } : {}), uid, resourceVersion, until };
    if (!shows(write)) this.#keep(key, [...this.#of(key).filter((other) => other.uid !== uid), write]);
  }

  /**
   * How long a pass should be put off at most; undefined when the caches show everything that was written. The change
   * that was waited for is news to {@link isNews}, so the pass comes as soon as it can.
   */
  waitSeconds(key: string): number | undefined {
    const now = this.#clock.monotonic();
    const missing = this.#of(key).filter((write) => write.until > now && !shows(write));
    this.#keep(key, missing);
    if (missing.length === 0) {
      this.#held.delete(key);
      return undefined;
    }
    this.#held.add(key);
    return (Math.max(...missing.map(({ until }) => until)) - now) / 1000;
  }

  /** Whether a change of a cache is a reason for a pass: not when it only shows what the last pass wrote. */
  isNews(key: string, { metadata: { uid, resourceVersion } }: Readonly<KubernetesObject>): boolean {
    const writes = this.#of(key);
    const own = writes.some((write) => write.uid === uid && write.resourceVersion === resourceVersion);
    if (!own) return true;
    const missing = writes.filter((write) => !shows(write));
    this.#keep(key, missing);
    // The last one that a pass waits for.
    return this.#held.has(key) && missing.length === 0;
  }

  /** For a key that is gone. */
  forget(key: string): void {
    this.#writes.delete(key);
    this.#held.delete(key);
  }

  #of(key: string): readonly Write[] {
    return this.#writes.get(key) ?? [];
  }

  #keep(key: string, writes: readonly Write[]): void {
    if (writes.length > 0) this.#writes.set(key, writes);
    else this.#writes.delete(key);
  }
}

function shows({ cache, uid, resourceVersion, ...reference }: Write): boolean {
  const cached = cache.get(reference)?.metadata;
  if (!cached) return false;
  // Another object of this name: ours has gone since.
  if (cached.uid !== uid) return true;
  return isAsNew(cached.resourceVersion, resourceVersion);
}

/** Versions count up ("Resource versions" in Kubernetes API Concepts; to be compared since 1.35, and in fact before). */
function isAsNew(version = '', wanted = ''): boolean {
  const numbers = /^\d+$/;
  return numbers.test(version) && numbers.test(wanted) ? BigInt(version) >= BigInt(wanted) : version === wanted;
}
