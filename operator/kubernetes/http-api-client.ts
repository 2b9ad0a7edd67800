import type { Clock } from '../clock.ts';
import { type ApiCall, describe, pathReference, priorityOf, selectors, withQuery } from './api-call.ts';
import type {
  ApiClient,
  ApplyOptions,
  DeleteOptions,
  ListOptions,
  ListPage,
  RawOptions,
  WatchEvent,
  WatchOptions,
} from './api-client.ts';
import { ApiError, isNotFound } from './api-error.ts';
import type { ApiObserver } from './api-observer.ts';
import type { KubernetesObject, ObjectReference } from './object.ts';
import type { RateLimit } from './rate-limit.ts';
import { apiVersionOf, type Resource, resourcePath } from './resource.ts';
import { withRetries } from './retry.ts';
import { type Answer, type Exchange, statusError, type Transport } from './transport.ts';
import { watchEvents } from './watch-events.ts';

const timeoutMilliseconds = 30_000;
const listTimeoutMilliseconds = 60_000;
const watchSeconds = { min: 300, max: 600 };
const inactivitySecondsDefault = 180;

export interface HttpApiClientOptions {
  clock: Clock;
  random: () => number;
  fieldManager: string;
  observer: ApiObserver;
  mayWrite: () => boolean;
  close: () => Promise<void>;
}

/** {@link ApiClient} over HTTP; `createApiClient` puts one together. */
export class HttpApiClient implements ApiClient {
  readonly #transport: Transport;
  readonly #limit: RateLimit;
  readonly #options: HttpApiClientOptions;

  constructor(transport: Transport, limit: RateLimit, options: HttpApiClientOptions) {
    this.#transport = transport;
    this.#limit = limit;
    this.#options = options;
  }

  async get<T extends KubernetesObject>(resource: Resource<T>, reference: ObjectReference): Promise<T | undefined> {
    try {
      return await this.#object<T>({ resource, verb: 'get', method: 'GET', reference });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async list<T extends KubernetesObject>(resource: Resource<T>, options: ListOptions = {}): Promise<ListPage<T>> {
    const { namespace, signal, limit, continue: token, resourceVersion } = options;
    const answer = await this.#call({
      resource,
      verb: 'list',
      method: 'GET',
      reference: namespace ? { namespace } : {},
      query: { ...selectors(options), limit, continue: token, resourceVersion },
      signal,
    });
    const body = parseBody<{ metadata?: { resourceVersion?: string; continue?: string }; items?: T[] | null }>(answer);
    // Items of a list come without the two fields that say what they are.
    const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
    return {
      items: (body.items ?? []).map((item) => ({ ...type, ...item })),
      resourceVersion: body.metadata?.resourceVersion ?? '',
      ...(body.metadata?.continue && { continue: body.metadata.continue }),
      bytes: answer.body.length,
    };
  }

  async *watch<T extends KubernetesObject>(
    resource: Resource<T>,
    options: WatchOptions,
  ): AsyncGenerator<WatchEvent<T>, void, undefined> {
    const { namespace, signal, resourceVersion, inactivitySeconds = inactivitySecondsDefault } = options;
    const { clock, random, observer } = this.#options;
    const timeoutSeconds =
      options.timeoutSeconds ?? Math.round(watchSeconds.min + random() * (watchSeconds.max - watchSeconds.min));
    const call: ApiCall = {
      resource,
      verb: 'watch',
      method: 'GET',
      reference: namespace ? { namespace } : {},
      query: { ...selectors(options), watch: true, allowWatchBookmarks: true, resourceVersion, timeoutSeconds },
      signal,
    };
    const startedAt = clock.monotonic();
    const what = describe(call);
    try {
      await this.#limit.take(priorityOf(call), signal);
      const answer = await this.#transport.stream(this.#exchange(call));
      observer.request({ verb: 'watch', resource: resource.plural, status: 200, seconds: seconds(clock, startedAt) });
      yield* watchEvents<T>(answer, { what, clock, inactivitySeconds });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      observer.request({
        verb: 'watch',
        resource: resource.plural,
        status: error.status,
        seconds: seconds(clock, startedAt),
      });
      throw error;
    }
  }

  create<T extends KubernetesObject>(resource: Resource<T>, object: T): Promise<T> {
    const { namespace } = object.metadata;
    return this.#object<T>({
      resource,
      verb: 'create',
      method: 'POST',
      reference: namespace ? { namespace } : {},
      query: { fieldManager: this.#options.fieldManager },
      body: bodyOf(resource, object),
      repeatable: 'unless-carried-out',
    });
  }

  apply<T extends KubernetesObject>(resource: Resource<T>, object: T, options: ApplyOptions = {}): Promise<T> {
    const { subresource, force = true, dryRun, priority } = options;
    return this.#object<T>({
      resource,
      verb: 'apply',
      method: 'PATCH',
      reference: object.metadata,
      subresource,
      query: { fieldManager: this.#options.fieldManager, force, dryRun: dryRun ? 'All' : undefined },
      body: bodyOf(resource, object),
      contentType: 'application/apply-patch+yaml',
      priority,
    });
  }

  mergePatch<T extends KubernetesObject>(
    resource: Resource<T>,
    reference: ObjectReference,
    patch: object,
    options: { subresource?: string } = {},
  ): Promise<T> {
    return this.#object<T>({
      resource,
      verb: 'patch',
      method: 'PATCH',
      reference,
      subresource: options.subresource,
      query: { fieldManager: this.#options.fieldManager },
      body: JSON.stringify(patch),
      contentType: 'application/merge-patch+json',
    });
  }

  async delete<T extends KubernetesObject>(
    resource: Resource<T>,
    reference: ObjectReference,
    options: DeleteOptions = {},
  ): Promise<boolean> {
    const { uid, resourceVersion, propagation, gracePeriodSeconds } = options;
    const body = {
      kind: 'DeleteOptions',
      apiVersion: 'v1',
      ...((uid || resourceVersion) && {
        preconditions: { ...(uid && { uid }), ...(resourceVersion && { resourceVersion }) },
      }),
      ...(propagation && { propagationPolicy: propagation }),
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    };
    try {
      await this.#call({ resource, verb: 'delete', method: 'DELETE', reference, body: JSON.stringify(body) });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async raw(method: string, path: string, options: RawOptions = {}): Promise<{ status: number; body: string }> {
    const { query, body, contentType = 'application/json', accept, signal } = options;
    await this.#limit.take('normal', signal);
    const what = `${method} ${path}`;
    this.#requireRight({ method, what });
    return this.#transport.exchange({
      method,
      path: withQuery(path, query ?? {}),
      headers: { ...(body !== undefined && { 'content-type': contentType }), ...(accept && { accept }) },
      ...(body !== undefined && { body }),
      signal,
      timeoutMilliseconds,
      what,
    });
  }

  close(): Promise<void> {
    return this.#options.close();
  }

  async #object<T>(call: ApiCall): Promise<T> {
    return parseBody<T>(await this.#call(call));
  }

  /** @throws ApiError for every status but 2xx */
  async #call(call: ApiCall): Promise<Answer> {
    const { clock, random, observer } = this.#options;
    const exchange = this.#exchange(call);
    const once = async (): Promise<Answer> => {
      await this.#turn(call, exchange);
      if (priorityOf(call) !== 'high') this.#requireRight(exchange);
      const startedAt = clock.monotonic();
      let status = 0;
      try {
        const answer = await this.#transport.exchange(exchange);
        status = answer.status;
        if (status < 200 || status > 299) throw statusError(exchange.what, answer);
        return answer;
      } finally {
        observer.request({
          verb: call.verb,
          resource: call.resource.plural,
          status,
          seconds: seconds(clock, startedAt),
        });
      }
    };
    return withRetries(once, { repeatable: call.repeatable ?? 'always', clock, random, signal: call.signal });
  }

  /** @throws ApiError `aborted` for a write of a process that may not write any more */
  #requireRight({ method, what }: Pick<Exchange, 'method' | 'what'>): void {
    if (method === 'GET' || this.#options.mayWrite()) return;
    const message = `${what} was given up: this process may not write any more.`;
    throw new ApiError(message, { status: 0, reason: 'Aborted' });
  }

  async #turn(call: ApiCall, { what }: Exchange): Promise<void> {
    try {
      await this.#limit.take(priorityOf(call), call.signal);
    } catch (cause) {
      throw new ApiError(`${what} was given up.`, { status: 0, reason: 'Aborted', cause });
    }
  }

  #exchange(call: ApiCall): Exchange {
    const { method, resource, reference = {}, subresource, query = {}, body, contentType, signal } = call;
    return {
      method,
      path: withQuery(resourcePath(resource, pathReference(reference), subresource), query),
      ...(body !== undefined && { body, headers: { 'content-type': contentType ?? 'application/json' } }),
      signal,
      timeoutMilliseconds: call.verb === 'list' ? listTimeoutMilliseconds : timeoutMilliseconds,
      what: describe(call),
    };
  }
}

function bodyOf(resource: Resource, object: KubernetesObject): string {
  return JSON.stringify({ ...object, apiVersion: apiVersionOf(resource), kind: resource.kind });
}

function parseBody<T>({ body }: Answer): T {
  try {
    return JSON.parse(body) as T;
  } catch (cause) {
    throw new ApiError('The API server sent an answer that is no JSON.', { status: 0, reason: 'Unreachable', cause });
  }
}

function seconds(clock: Clock, startedAt: number): number {
  return (clock.monotonic() - startedAt) / 1000;
}
