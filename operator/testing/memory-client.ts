import type {
  ApiClient,
  ApplyOptions,
  DeleteOptions,
  ListOptions,
  ListPage,
  WatchEvent,
  WatchOptions,
} from '../kubernetes/api-client.ts';
import { ApiError } from '../kubernetes/api-error.ts';
import type { KubernetesObject, ObjectReference } from '../kubernetes/object.ts';
import { apiVersionOf, type Resource } from '../kubernetes/resource.ts';
import { ObjectStore, Refusal, type StoredObject, type StoreEvent } from './api-server/store.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'apply' | 'patch' | 'delete';

export interface MemoryCall {
  verb: Verb;
  resource: Resource;
  name: string | undefined;
  object?: unknown;
}

/**
 * An {@link ApiClient} whose objects live in memory and whose calls fail on command: for tests of what stands above
 * the client, with no sockets between them and the clock. Knows no validation and no controllers.
 *
 * ```ts
 * const client = new MemoryClient({ now: () => clock.now() });
 * client.fail(({ verb }) => verb === 'apply', new ApiError('…', { status: 500 }));
 * expect(client.calls.filter(isWrite)).toEqual([]);
 * ```
 */
export class MemoryClient implements ApiClient {
  readonly objects: ObjectStore;
  /** Every call so far. */
  readonly calls: MemoryCall[] = [];
  readonly #fieldManager: string;
  readonly #rules: { matches: (call: MemoryCall) => boolean; error: ApiError | 'hang'; times: number }[] = [];

  constructor(options: { now?: () => number; fieldManager?: string; objects?: ObjectStore } = {}) {
    this.objects = options.objects ?? new ObjectStore(options.now ?? (() => Date.now()));
    this.#fieldManager = options.fieldManager ?? 'test';
  }

  /** The next `times` calls that match fail so, or never come back. @returns the end of the rule */
  fail(matches: (call: MemoryCall) => boolean, error: ApiError | 'hang', times = Number.POSITIVE_INFINITY): () => void {
    const rule = { matches, error, times };
    this.#rules.push(rule);
    return () => {
      rule.times = 0;
    };
  }

  async get<T extends KubernetesObject>(resource: Resource<T>, reference: ObjectReference): Promise<T | undefined> {
    try {
      return await this.#call<T>({ verb: 'get', resource, name: reference.name }, () =>
        this.objects.for(resource).get(reference),
      );
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  list<T extends KubernetesObject>(resource: Resource<T>, options: ListOptions = {}): Promise<ListPage<T>> {
    return this.#call<ListPage<T>>({ verb: 'list', resource, name: undefined }, () => ({
      items: this.objects.for(resource).list(options.namespace, options.labelSelector),
      resourceVersion: String(this.objects.version),
      bytes: 0,
    }));
  }

  async *watch<T extends KubernetesObject>(
    resource: Resource<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const store = this.objects.for(resource);
    const queue: StoreEvent[] = await this.#call({ verb: 'watch', resource, name: undefined }, () =>
      store.since(Number(options.resourceVersion)),
    );
    let wake = () => {};
    const end = store.subscribe((event) => {
      queue.push(structuredClone(event));
      wake();
    });
    options.signal.addEventListener('abort', () => wake());
    try {
      while (!options.signal.aborted) {
        const event = queue.shift();
        if (!event) await new Promise<void>((resolve) => (wake = resolve));
        else if (matchesNamespace(event, options.namespace)) yield event as unknown as WatchEvent<T>;
      }
    } finally {
      end();
    }
  }

  create<T extends KubernetesObject>(resource: Resource<T>, object: T): Promise<T> {
    const call: MemoryCall = { verb: 'create', resource, name: object.metadata.name, object };
    return this.#call<T>(call, () => this.objects.for(resource).create(typed(resource, object)));
  }

  apply<T extends KubernetesObject>(resource: Resource<T>, object: T, options: ApplyOptions = {}): Promise<T> {
    const call: MemoryCall = { verb: 'apply', resource, name: object.metadata.name, object };
    // A subresource has its own owner of fields: what was applied to one is not missing in the other.
    const manager = `${this.#fieldManager} ${options.subresource ?? ''}`;
    return this.#call<T>(call, () =>
      this.objects.for(resource).apply(manager, typed(resource, object), options.force ?? true),
    );
  }

  mergePatch<T extends KubernetesObject>(resource: Resource<T>, reference: ObjectReference, patch: object): Promise<T> {
    const call: MemoryCall = { verb: 'patch', resource, name: reference.name, object: patch };
    return this.#call<T>(call, () => this.objects.for(resource).patch(reference, JSON.parse(JSON.stringify(patch))));
  }

  async delete<T extends KubernetesObject>(
    resource: Resource<T>,
    reference: ObjectReference,
    options: DeleteOptions = {},
  ): Promise<boolean> {
    try {
      await this.#call({ verb: 'delete', resource, name: reference.name }, () =>
        this.objects.for(resource).delete(reference, options),
      );
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false;
      throw error;
    }
  }

  raw(method: string, path: string): Promise<never> {
    return Promise.reject(new ApiError(`${method} ${path} is not known in memory.`, { status: 404 }));
  }

  async close(): Promise<void> {}

  async #call<T>(call: MemoryCall, run: () => unknown): Promise<T> {
    this.calls.push(call);
    await undefined;
    const rule = this.#rules.find(({ times, matches }) => times > 0 && matches(call));
    if (rule) rule.times -= 1;
    if (rule?.error === 'hang') return new Promise(() => {});
    if (rule) throw rule.error;
    try {
      return structuredClone(run()) as T;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw new ApiError(error.message, { status: error.status, reason: error.reason, cause: error });
    }
  }
}

function typed<T extends KubernetesObject>(resource: Resource<T>, object: T): StoredObject {
  // What travels is JSON: what is undefined is absent.
  return JSON.parse(JSON.stringify({ ...object, apiVersion: apiVersionOf(resource), kind: resource.kind }));
}

function matchesNamespace({ object }: StoreEvent, namespace: string | undefined): boolean {
  return !namespace || object.metadata.namespace === namespace;
}
