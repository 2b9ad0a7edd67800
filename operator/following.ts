import type { ApiClient, KubernetesObject, Resource } from './kubernetes/index.ts';
import type { Logger } from './logger.ts';
import { type ObjectCache, Reflector, type RuntimeMetrics, unionOf } from './reconcile-runtime/index.ts';

export interface FollowingOptions {
  readonly client: ApiClient;
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
}

/** Everything that the operator watches, each resource once in every namespace that it may look into. */
export class Following {
  readonly #options: FollowingOptions;
  readonly #reflectors: { start(signal: AbortSignal): Promise<void> }[] = [];

  constructor(options: FollowingOptions) {
    this.#options = options;
  }

  /**
   * @param namespaces none: all of them, which needs the right to look into all of them
   * @param options.keep what is kept of each object in memory; all but `managedFields` without it
   */
  follow<T extends KubernetesObject>(
    resource: Resource<T>,
    namespaces: readonly string[],
    options: { labelSelector?: string; keep?: (object: T) => T } = {},
  ): ObjectCache<T> {
    const scopes = namespaces.length > 0 ? namespaces.map((namespace) => ({ namespace })) : [{}];
    const reflectors = scopes.map((scope) => new Reflector<T>({ ...this.#options, resource, ...scope, ...options }));
    this.#reflectors.push(...reflectors);
    return unionOf(reflectors.map(({ cache }) => cache));
  }

  /** Resolves when the signal is aborted and the last watch has ended. */
  async start(signal: AbortSignal): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.start(signal)));
  }
}
