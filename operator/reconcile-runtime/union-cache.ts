import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import type { CacheChange, ObjectCache } from './object-cache.ts';

/**
 * Several caches of one resource as one, such as those of several namespaces. Each object is in one of them only.
 *
 * ```ts
 * const apps = unionOf(namespaces.map((namespace) => new Reflector({ client, resource, namespace, logger }).cache));
 * ```
 */
export function unionOf<T extends KubernetesObject>(caches: readonly ObjectCache<T>[]): ObjectCache<T> {
  const [only] = caches;
  return caches.length === 1 && only ? only : new UnionCache(caches);
}

class UnionCache<T extends KubernetesObject> implements ObjectCache<T> {
  readonly #caches: readonly ObjectCache<T>[];

  constructor(caches: readonly ObjectCache<T>[]) {
    this.#caches = caches;
  }

  get hasSynced(): boolean {
    return this.#caches.every(({ hasSynced }) => hasSynced);
  }

  async synced(): Promise<void> {
    await Promise.all(this.#caches.map((cache) => cache.synced()));
  }

  get size(): number {
    return this.#caches.reduce((total, { size }) => total + size, 0);
  }

  get(reference: ObjectReference): Readonly<T> | undefined {
    for (const cache of this.#caches) {
      const object = cache.get(reference);
      if (object) return object;
    }
    return undefined;
  }

  list(namespace?: string): readonly Readonly<T>[] {
    return this.#caches.flatMap((cache) => cache.list(namespace));
  }

  addIndex(name: string, valuesOf: (object: Readonly<T>) => readonly string[]): void {
    for (const cache of this.#caches) cache.addIndex(name, valuesOf);
  }

  byIndex(name: string, value: string): readonly Readonly<T>[] {
    return this.#caches.flatMap((cache) => cache.byIndex(name, value));
  }

  subscribe(subscriber: (change: CacheChange<T>) => void): () => void {
    const ends = this.#caches.map((cache) => cache.subscribe(subscriber));
    return () => {
      for (const end of ends) end();
    };
  }
}
