import { type KubernetesObject, keyOf, type ObjectReference } from '../kubernetes/object.ts';
import { deepFreeze } from './deep-freeze.ts';

export type CacheChange<T> =
  | { type: 'added'; object: T; old?: undefined }
  | { type: 'updated'; object: T; old: T }
  /** `object` is the last state that was seen. */
  | { type: 'deleted'; object: T; old?: undefined };

/**
 * What a {@link Reflector} has read of one resource, for all readers at once: objects are frozen, and a change always
 * comes as a new object.
 *
 * ```ts
 * cache.addIndex('node', (pod) => (pod.spec?.nodeName ? [pod.spec.nodeName] : []));
 * await cache.synced();
 * cache.byIndex('node', 'node-1');
 * ```
 */
export interface ObjectCache<T extends KubernetesObject> {
  /** Whether the first list has been read in full; before that, absence means nothing. */
  readonly hasSynced: boolean;
  /** Resolves when {@link hasSynced}. */
  synced(): Promise<void>;
  readonly size: number;
  get(reference: ObjectReference): Readonly<T> | undefined;
  list(namespace?: string): readonly Readonly<T>[];
  /** Indexes what is there and what will come. @throws TypeError when the name is taken */
  addIndex(name: string, valuesOf: (object: Readonly<T>) => readonly string[]): void;
  byIndex(name: string, value: string): readonly Readonly<T>[];
  /**
   * Tells of every change, beginning with what is already there as `added`. A subscriber that throws is logged and
   * keeps nobody else from being told.
   * @returns the end of the subscription
   */
  subscribe(subscriber: (change: CacheChange<T>) => void): () => void;
}

const namespaceIndex = '';

/** The side of the cache that its reflector writes. */
export class MemoryCache<T extends KubernetesObject> implements ObjectCache<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #subscribers = new Set<(change: CacheChange<T>) => void>();
  readonly #onFailure: (error: unknown, change: CacheChange<T>) => void;
  readonly #synced = Promise.withResolvers<void>();
  #hasSynced = false;

  /** @param onFailure told when a subscriber throws */
  constructor(onFailure: (error: unknown, change: CacheChange<T>) => void) {
    this.#onFailure = onFailure;
    this.addIndex(namespaceIndex, ({ metadata }) => [metadata.namespace ?? '']);
  }

  get hasSynced(): boolean {
    return this.#hasSynced;
  }

  synced(): Promise<void> {
    return this.#synced.promise;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(reference: ObjectReference): Readonly<T> | undefined {
    return this.#objects.get(keyOf(reference));
  }

  list(namespace?: string): readonly Readonly<T>[] {
    return namespace === undefined ? [...this.#objects.values()] : this.byIndex(namespaceIndex, namespace);
  }

  addIndex(name: string, valuesOf: (object: Readonly<T>) => readonly string[]): void {
    if (this.#indexes.has(name)) throw new TypeError(`There is already an index ${name}.`);
    const index: Index<T> = { valuesOf, objects: new Map() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) enter(index, key, object);
  }

  byIndex(name: string, value: string): readonly Readonly<T>[] {
    const index = this.#indexes.get(name);
    if (!index) throw new TypeError(`There is no index ${name}.`);
    return [...(index.objects.get(value)?.values() ?? [])];
  }

  subscribe(subscriber: (change: CacheChange<T>) => void): () => void {
    this.#subscribers.add(subscriber);
    for (const object of this.#objects.values()) this.#tell(subscriber, { type: 'added', object });
    return () => void this.#subscribers.delete(subscriber);
  }

  set(object: T): void {
    const key = keyOf(object.metadata);
    const old = this.#objects.get(key);
    const { resourceVersion } = object.metadata;
    if (old && resourceVersion && old.metadata.resourceVersion === resourceVersion) return;
    // Gone and made anew between two lists: to every reader these are two objects.
    if (old && old.metadata.uid !== object.metadata.uid) this.delete(old.metadata);
    const updates = this.#objects.has(key);
    this.#store(key, deepFreeze(object));
    this.#tellAll(old && updates ? { type: 'updated', object, old } : { type: 'added', object });
  }

  delete(reference: ObjectReference, lastState?: T): void {
    const key = keyOf(reference);
    const old = this.#objects.get(key);
    if (!old) return;
    this.#remove(key);
    this.#tellAll({ type: 'deleted', object: lastState ? deepFreeze(lastState) : old });
  }

  /** Ends a full list: what was not in it is gone. */
  retain(keys: ReadonlySet<string>): void {
    for (const [key, { metadata }] of [...this.#objects]) if (!keys.has(key)) this.delete(metadata);
    this.#hasSynced = true;
    this.#synced.resolve();
  }

  #store(key: string, object: T): void {
    this.#remove(key);
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) enter(index, key, object);
  }

  #remove(key: string): void {
    const old = this.#objects.get(key);
    if (!old) return;
    this.#objects.delete(key);
    for (const index of this.#indexes.values()) leave(index, key, old);
  }

  #tellAll(change: CacheChange<T>): void {
    for (const subscriber of [...this.#subscribers]) this.#tell(subscriber, change);
  }

  #tell(subscriber: (change: CacheChange<T>) => void, change: CacheChange<T>): void {
    try {
      subscriber(change);
    } catch (error) {
      this.#onFailure(error, change);
    }
  }
}

interface Index<T> {
  valuesOf: (object: Readonly<T>) => readonly string[];
  objects: Map<string, Map<string, T>>;
}

function enter<T>({ valuesOf, objects }: Index<T>, key: string, object: T): void {
  for (const value of valuesOf(object)) {
    const group = objects.get(value);
    if (group) group.set(key, object);
    else objects.set(value, new Map([[key, object]]));
  }
}

function leave<T>({ valuesOf, objects }: Index<T>, key: string, object: T): void {
  for (const value of valuesOf(object)) {
    const group = objects.get(value);
    group?.delete(key);
    if (group?.size === 0) objects.delete(value);
  }
}
