import { type Clock, systemClock } from '../clock.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiObserver, noObserver } from './api-observer.ts';
import { Connection } from './connection.ts';
import { HttpApiClient } from './http-api-client.ts';
import type { ContextChoice, Environment } from './kubeconfig.ts';
import { RateLimit } from './rate-limit.ts';
import { Transport } from './transport.ts';

/** `kubeconfig` is by default the pod's service account, then the files of KUBECONFIG, then ~/.kube/config. */
export interface ApiClientOptions extends ContextChoice {
  /** Where the default above is looked up, and what exec plugins inherit; the process's own by default. */
  environment?: Environment;
  /** Owner of the fields that the client writes. */
  fieldManager: string;
  /** Such as osv-operator/0.1.0; shows in the audit log. */
  userAgent: string;
  /** Requests a second on average; default 100. */
  qps?: number;
  /** Requests at once; default twice `qps`. */
  burst?: number;
  observer?: ApiObserver;
  /** Asked before every request that writes, leases excepted; false ends it with an ApiError `aborted`. */
  mayWrite?: () => boolean;
  clock?: Clock;
  random?: () => number;
}

export interface ConnectedApiClient extends ApiClient {
  /** Namespace of the kubeconfig's context, or of the pod that we are in. */
  readonly defaultNamespace: string | undefined;
}

/**
 * Speaks to the API server of a kubeconfig or of the pod's own cluster. Nothing is sent before the first call.
 *
 * @throws ApiError `no-configuration` when there is no API server to speak to
 *
 * ```ts
 * const client = createApiClient({ kubeconfig, fieldManager: 'osv-operator', userAgent: 'osv-operator/0.1.0' });
 * const app = await client.get(resources.osvApps, { namespace: 'shop', name: 'redis' });
 * ```
 */
export function createApiClient(options: ApiClientOptions): ConnectedApiClient {
  const { clock = systemClock, random = Math.random, qps = 100, burst = 2 * qps, observer = noObserver } = options;
  const { kubeconfig, context, filesFirst, environment = process.env, fieldManager, userAgent } = options;
  const { mayWrite = () => true } = options;
  const connection = new Connection({ kubeconfig, context, filesFirst, environment, clock });
  const client = new HttpApiClient(
    new Transport(connection, { clock, userAgent }),
    new RateLimit({ qps, burst: Math.max(1, burst), clock }),
    { clock, random, fieldManager, observer, mayWrite, close: () => connection.close() },
  );
  return Object.assign(client, { defaultNamespace: connection.namespace });
}
