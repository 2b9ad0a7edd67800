import type { KubernetesObject, ObjectReference } from './object.ts';
import type { Resource } from './resource.ts';

/** Which objects of a resource; without a namespace those of all namespaces. */
export interface Selection {
  namespace?: string;
  /** Such as `app=redis,tier!=cache`. */
  labelSelector?: string;
  fieldSelector?: string;
}

export interface ListOptions extends Selection {
  /** At most this many objects in the answer; the rest by its `continue`. */
  limit?: number;
  continue?: string;
  resourceVersion?: string;
  signal?: AbortSignal;
}

export interface ListPage<T> {
  items: T[];
  /** From where a watch goes on after this list. */
  resourceVersion: string;
  /** Token for the next page; absent on the last one. */
  continue?: string;
  /** Size of the answer's body. */
  bytes: number;
}

export interface WatchOptions extends Selection {
  resourceVersion: string;
  signal: AbortSignal;
  /**
   * Ends the watch with an ApiError (`timeout`) when nothing, not even a bookmark, has come for so long: a connection
   * can die without a word. The server sends a bookmark a minute. Default 180; 0: never.
   */
  inactivitySeconds?: number;
  /** The server ends the watch by itself after this. Default: a random time from 5 to 10 minutes. */
  timeoutSeconds?: number;
}

/** A bookmark's object has nothing but its `resourceVersion`. */
export type WatchEvent<T> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; object: { metadata: { resourceVersion: string } } };

export interface ApplyOptions {
  subresource?: 'status' | 'scale';
  /** Takes over fields that another manager owns. Default true, as for every controller. */
  force?: boolean;
  dryRun?: boolean;
  /** `low`: while many calls wait, nearly all others pass ahead of this one. */
  priority?: 'low';
}

export interface DeleteOptions {
  /** Only when it is still this very object. */
  uid?: string;
  resourceVersion?: string;
  propagation?: 'Background' | 'Foreground' | 'Orphan';
  gracePeriodSeconds?: number;
}

export interface RawOptions {
  query?: Record<string, string | number | boolean | undefined>;
  body?: string | Uint8Array;
  contentType?: string;
  accept?: string;
  signal?: AbortSignal;
}

/**
 * The API server, as the operator needs it. Every call waits for its turn (client-side rate limit), repeats what is
 * safe to repeat after 429, 5xx and broken connections, and throws {@link ApiError}.
 *
 * ```ts
 * const client = createApiClient({ kubeconfig, fieldManager: 'osv-operator', userAgent: 'osv-operator/0.1.0' });
 * await client.apply(resources.configMaps, { metadata: { namespace: 'shop', name: 'a' }, data: { key: 'value' } });
 * ```
 */
export interface ApiClient {
  /** @returns undefined when there is none (404) */
  get<T extends KubernetesObject>(resource: Resource<T>, reference: ObjectReference): Promise<T | undefined>;
  /** One page. Consistent (as of now), unless a `resourceVersion` allows older data. */
  list<T extends KubernetesObject>(resource: Resource<T>, options?: ListOptions): Promise<ListPage<T>>;
  /** Ends when the server ends it or the signal is aborted; an ERROR event is thrown as {@link ApiError}. */
  watch<T extends KubernetesObject>(resource: Resource<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  create<T extends KubernetesObject>(resource: Resource<T>, object: T): Promise<T>;
  /** Server-side apply with the client's field manager. */
  apply<T extends KubernetesObject>(resource: Resource<T>, object: T, options?: ApplyOptions): Promise<T>;
  /** JSON merge patch (RFC 7396); custom resources refuse the strategic one. */
  mergePatch<T extends KubernetesObject>(
    resource: Resource<T>,
    reference: ObjectReference,
    patch: object,
    options?: { subresource?: string },
  ): Promise<T>;
  /** @returns false when it was gone already */
  delete<T extends KubernetesObject>(
    resource: Resource<T>,
    reference: ObjectReference,
    options?: DeleteOptions,
  ): Promise<boolean>;
  /**
   * For paths without an object, such as /readyz or a subresource, and for other kinds of patches. Any status is
   * returned, none is thrown.
   */
  raw(method: string, path: string, options?: RawOptions): Promise<{ status: number; body: string }>;
  /** Closes idle connections; the client is not to be used afterwards. */
  close(): Promise<void>;
}
