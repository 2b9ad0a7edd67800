import type { KubernetesObject } from '@osv/operator/kubernetes';
import type { Clock, ObjectCache } from '@osv/operator/reconcile-runtime';

interface Expectation {
  what: 'created' | 'deleted';
  object: KubernetesObject;
  /** Milliseconds of the clock's monotonic time. */
  until: number;
}

/** After this the cache is believed again, whatever it says. */
const patienceMilliseconds = 30_000;

/**
 * What a controller has just done and its cache may not show yet. A key whose expectations are open must not be acted
 * upon, or the same thing would be done twice.
 */
export class Expectations<T extends KubernetesObject> {
  readonly #cache: ObjectCache<T>;
  readonly #clock: Clock;
  readonly #open = new Map<string, Expectation[]>();

  constructor(cache: ObjectCache<T>, clock: Clock) {
    this.#cache = cache;
    this.#clock = clock;
  }

  expect(key: string, what: Expectation['what'], object: KubernetesObject): void {
    const until = this.#clock.monotonic() + patienceMilliseconds;
    const list = this.#open.get(key) ?? [];
    list.push({ what, object, until });
    this.#open.set(key, list);
  }

  satisfied(key: string): boolean {
    const now = this.#clock.monotonic();
    const rest = (this.#open.get(key) ?? []).filter(
      (expectation) => now < expectation.until && !this.#shown(expectation),
    );
    if (rest.length > 0) this.#open.set(key, rest);
    else this.#open.delete(key);
    return rest.length === 0;
  }

  forget(key: string): void {
    this.#open.delete(key);
  }

  #shown({ what, object }: Expectation): boolean {
    const cached = this.#cache.get(object.metadata);
    const present = cached?.metadata.uid === object.metadata.uid;
    return what === 'created' ? present : !present || cached?.metadata.deletionTimestamp !== undefined;
  }
}
