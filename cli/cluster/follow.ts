import { setTimeout as delay } from 'node:timers/promises';
import {
  type ApiClient,
  ApiError,
  isExpired,
  type KubernetesObject,
  keyOf,
  type Resource,
} from '@osv/operator/kubernetes';
import { listAll } from './app.ts';

export interface FollowOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
  signal: AbortSignal;
  /** The connection is lost, and is being made again. */
  onTrouble: (message: string) => void;
}

/** `listed` comes when everything that there is has been told, and again after each new beginning. */
export type Followed<T> = { type: 'changed' | 'deleted'; object: T } | { type: 'listed' };

const retryMilliseconds = { first: 250, max: 30_000 };

/**
 * What there is and what happens to it, until the signal is aborted. A lost connection is made again, and what
 * happened meanwhile is told then, as one change of each object.
 *
 * @throws ApiError for what another try would not mend, such as a missing right
 */
export async function* follow<T extends KubernetesObject>(
  client: ApiClient,
  resource: Resource<T>,
  options: FollowOptions,
): AsyncGenerator<Followed<T>, void, undefined> {
  const { signal } = options;
  const known = new Map<string, T>();
  let begun = false;
  let wait = 0;
  while (!signal.aborted) {
    try {
      const resourceVersion = yield* catchUp(client, resource, known, options);
      begun = true;
      wait = 0;
      yield* watch(client, resource, known, { ...options, resourceVersion });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError) || !begun || !isPassing(error)) throw error;
      const { message } = error;
      if (!isExpired(error)) options.onTrouble(message);
      await delay(wait, undefined, { signal }).catch(() => {});
      wait = Math.min(retryMilliseconds.max, Math.max(retryMilliseconds.first, 2 * wait));
    }
  }
}

/** Lists, and tells what is new or gone since the last time. @returns from where a watch goes on */
async function* catchUp<T extends KubernetesObject>(
  client: ApiClient,
  resource: Resource<T>,
  known: Map<string, T>,
  { namespace, labelSelector, fieldSelector, signal }: FollowOptions,
): AsyncGenerator<Followed<T>, string, undefined> {
  const selection = {
    ...(namespace && { namespace }),
    ...(labelSelector && { labelSelector }),
    ...(fieldSelector && { fieldSelector }),
    signal,
  };
  let resourceVersion = '';
  const objects = await listAll(async (token) => {
    const page = await client.list(resource, { ...selection, ...token, limit: 500 });
    resourceVersion = page.resourceVersion;
    return page;
  });
  const present = new Set(objects.map(({ metadata }) => keyOf(metadata)));
  for (const [key, object] of known) {
    if (present.has(key)) continue;
    known.delete(key);
    yield { type: 'deleted', object };
  }
  for (const object of objects) {
    const key = keyOf(object.metadata);
    const same = known.get(key)?.metadata.resourceVersion === object.metadata.resourceVersion;
    known.set(key, object);
    if (!same) yield { type: 'changed', object };
  }
  yield { type: 'listed' };
  return resourceVersion;
}

async function* watch<T extends KubernetesObject>(
  client: ApiClient,
  resource: Resource<T>,
  known: Map<string, T>,
  { onTrouble: _, ...options }: FollowOptions & { resourceVersion: string },
): AsyncGenerator<Followed<T>, void, undefined> {
  for await (const event of client.watch(resource, options)) {
    if (event.type === 'BOOKMARK') continue;
    const { object } = event;
    if (event.type === 'DELETED') known.delete(keyOf(object.metadata));
    else known.set(keyOf(object.metadata), object);
    yield { type: event.type === 'DELETED' ? 'deleted' : 'changed', object };
  }
}

function isPassing(error: ApiError): boolean {
  const { status, reason } = error;
  return passingReasons.has(reason) || status === 429 || status >= 500 || isExpired(error);
}

const passingReasons = new Set(['Refused', 'Unreachable', 'Timeout']);
