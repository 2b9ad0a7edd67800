import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { KubernetesObject, ObjectMeta, ObjectReference } from '../../kubernetes/object.ts';
import { keyOf } from '../../kubernetes/object.ts';
import type { Resource } from '../../kubernetes/resource.ts';
import { applyFields, conflicts, mergePatch } from './server-side-apply.ts';

export type StoredObject = KubernetesObject & { [field: string]: unknown };

export interface StoreEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  object: StoredObject;
  version: number;
}

/** A refusal with the fields of a Status object. */
export class Refusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** The objects of all resources. */
export class ObjectStore {
  readonly #resources = new Map<string, ResourceStore>();
  readonly #now: () => number;
  #version = 1000;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** The last version given to an object. */
  get version(): number {
    return this.#version;
  }

  for({ group, version, plural }: Pick<Resource, 'group' | 'version' | 'plural'>): ResourceStore {
    const key = `${group}/${version}/${plural}`;
    let store = this.#resources.get(key);
    if (!store) {
      store = new ResourceStore(() => ++this.#version, this.#now);
      this.#resources.set(key, store);
    }
    return store;
  }

  /** Forgets all history, as etcd does at a compaction, so that a watch from before is told 410. */
  compact(): void {
    this.#version += 1;
    for (const store of this.#resources.values()) store.compact(this.#version);
  }
}

/** The objects of one resource, with a history for watches; versions are counted over all resources by `nextVersion`. */
export class ResourceStore {
  readonly #objects = new Map<string, StoredObject>();
  readonly #applied = new Map<string, Map<string, StoredObject>>();
  readonly #nextVersion: () => number;
  readonly #now: () => number;
  readonly #listeners = new Set<(event: StoreEvent) => void>();
  #history: StoreEvent[] = [];
  /** Watches and pages older than this are refused. */
  oldestVersion = 0;

  constructor(nextVersion: () => number, now: () => number) {
    this.#nextVersion = nextVersion;
    this.#now = now;
  }

  list(namespace: string | undefined, labelSelector: string | undefined): StoredObject[] {
    const wanted = (labelSelector ?? '').split(',').filter(Boolean);
    return [...this.#objects.values()]
      .filter(({ metadata }) => !namespace || metadata.namespace === namespace)
      .filter(({ metadata }) => wanted.every((pair) => labelPairs(metadata).includes(pair)))
      .sort((left, right) => (keyOf(left.metadata) < keyOf(right.metadata) ? -1 : 1));
  }

  get(reference: ObjectReference): StoredObject {
    const object = this.#objects.get(keyOf(reference));
    if (!object) throw new Refusal(404, 'NotFound', `"${reference.name}" not found`);
    return object;
  }

  create(object: StoredObject): StoredObject {
    if (this.#objects.has(keyOf(object.metadata))) {
      throw new Refusal(409, 'AlreadyExists', `"${object.metadata.name}" already exists`);
    }
    const metadata = { ...object.metadata, uid: randomUUID(), generation: 1 };
    metadata.creationTimestamp = new Date(this.#now()).toISOString();
    return this.#write('ADDED', { ...object, metadata });
  }

  apply(manager: string, object: StoredObject, force: boolean): StoredObject {
    const key = keyOf(object.metadata);
    const current = this.#objects.get(key);
    if (!current && object.metadata.uid)
      throw new Refusal(409, 'Conflict', 'uid mismatch: no existing object was found');
    const managers = this.#applied.get(key) ?? new Map<string, StoredObject>();
    const others = [...managers].filter(([name]) => name !== manager).map(([, fields]) => fields);
    const { metadata: _, ...spec } = object;
    const clashes = force ? [] : conflicts(others, spec);
    if (clashes.length > 0) throw new Refusal(409, 'Conflict', `Apply failed with conflicts: ${clashes.join(', ')}`);
    const before = managers.get(manager) ?? ({ metadata: { name: object.metadata.name } } as StoredObject);
    this.#applied.set(key, managers.set(manager, structuredClone(object)));
    if (!current) return this.create(object);
    return this.#write('MODIFIED', applyFields(current, before, object) as StoredObject);
  }

  patch(reference: ObjectReference, patch: { metadata?: Partial<ObjectMeta> }): StoredObject {
    const current = this.get(reference);
    const { resourceVersion, uid } = patch.metadata ?? {};
    if (
      (resourceVersion && resourceVersion !== current.metadata.resourceVersion) ||
      (uid && uid !== current.metadata.uid)
    ) {
      throw new Refusal(
        409,
        'Conflict',
        'the object has been modified; please apply your changes to the latest version',
      );
    }
    return this.#write('MODIFIED', mergePatch(current, patch) as StoredObject);
  }

  /** With finalizers the object stays, with a time of deletion. */
  delete(reference: ObjectReference, preconditions: { uid?: string; resourceVersion?: string } = {}): StoredObject {
    const current = this.get(reference);
    const { uid, resourceVersion } = preconditions;
    if (
      (uid && uid !== current.metadata.uid) ||
      (resourceVersion && resourceVersion !== current.metadata.resourceVersion)
    ) {
      throw new Refusal(409, 'Conflict', 'the preconditions do not hold');
    }
    if (current.metadata.finalizers?.length) {
      const deletionTimestamp = current.metadata.deletionTimestamp ?? new Date(this.#now()).toISOString();
      return this.#write('MODIFIED', { ...current, metadata: { ...current.metadata, deletionTimestamp } });
    }
    return this.#write('DELETED', current);
  }

  /** @throws Refusal 410 when events since that version are forgotten */
  since(version: number): StoreEvent[] {
    if (version < this.oldestVersion) throw new Refusal(410, 'Expired', `too old resource version: ${version}`);
    return this.#history.filter((event) => event.version > version);
  }

  /** Forgets what came before this version. */
  compact(version: number): void {
    this.oldestVersion = version;
    this.#history = this.#history.filter((event) => event.version > version);
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #write(type: StoreEvent['type'], object: StoredObject): StoredObject {
    const key = keyOf(object.metadata);
    const old = this.#objects.get(key);
    // A write that changes nothing makes no version, as in the real one.
    if (type === 'MODIFIED' && isDeepStrictEqual(old, object)) return object;
    const changesSpec = type === 'MODIFIED' && !isDeepStrictEqual(old?.spec, object.spec);
    const version = this.#nextVersion();
    const metadata = { ...object.metadata, resourceVersion: String(version) };
    if (changesSpec) metadata.generation = (metadata.generation ?? 0) + 1;
    const stored = { ...object, metadata };
    const gone = type === 'DELETED' || (metadata.deletionTimestamp && !metadata.finalizers?.length);
    if (gone) this.#objects.delete(key);
    else this.#objects.set(key, stored);
    const event: StoreEvent = { type: gone ? 'DELETED' : type, object: stored, version };
    this.#history.push(event);
    for (const listener of this.#listeners) listener(event);
    return stored;
  }
}

function labelPairs({ labels = {} }: ObjectMeta): string[] {
  return Object.entries(labels).map(([name, value]) => `${name}=${value}`);
}
