import type { KubernetesObject } from '../kubernetes/object.ts';

/**
 * What this process has written, until the cache has it too: a pass that begins in between would decide by an object
 * that is older than its own last word, and say everything twice.
 *
 * ```ts
 * const app = writes.latest(key, cache.get(reference));
 * writes.remember(key, await client.apply(resource, object));
 * ```
 */
export class OwnWrites<T extends KubernetesObject> {
  readonly #written = new Map<string, Readonly<T>>();

  /** Kept until `latest` is asked for a key whose cached object is as new. */
  remember(key: string, object: Readonly<T>): void {
    this.#written.set(key, object);
  }

  /** The newer one of the cached and the written object; the cached one counts where they are not the same object. */
  latest(key: string, cached: Readonly<T>): Readonly<T> {
    const written = this.#written.get(key);
    if (!written) return cached;
    if (written.metadata.uid === cached.metadata.uid && isOlder(cached, written)) return written;
    this.#written.delete(key);
    return cached;
  }

  /**
   * Whether a change of the cache shows what was written last and nothing else, so that whoever wrote it knows it; the
   * object is let go of then.
   */
  isShownBy(key: string, changed: Readonly<T>): boolean {
    const written = this.#written.get(key)?.metadata;
    const { uid, resourceVersion } = changed.metadata;
    if (!written || written.uid !== uid || written.resourceVersion !== resourceVersion) return false;
    this.#written.delete(key);
    return true;
  }

  forget(key: string): void {
    this.#written.delete(key);
  }
}

/** Versions of the objects of one resource are decimal numbers that grow (KEP-5504); any other version is not older. */
function isOlder(one: Readonly<KubernetesObject>, other: Readonly<KubernetesObject>): boolean {
  const [left = '', right = ''] = [one.metadata.resourceVersion, other.metadata.resourceVersion];
  if (!/^\d+$/.test(left) || !/^\d+$/.test(right)) return false;
  return BigInt(left) < BigInt(right);
}
