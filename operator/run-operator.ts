import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { version } from '@osv/contracts';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { ProxyAgent } from 'undici';
import { GuestObserver } from './guests/guest-observer.ts';
import { buildSelector } from './images/build-job.ts';
import { createImageBuilder } from './images/create-image-builder.ts';
import { ImageRecords, imageRecordSelector } from './images/image-records.ts';
import { createApiClient, type KubernetesObject, type Resource, resources } from './kubernetes/index.ts';
import type { Logger } from './logger.ts';
import type { OperatorOptions } from './options.ts';
import { createAppController } from './osv-app/app-controller.ts';
import { appOfLabel } from './osv-app/app-reconciler.ts';
import type { AppCaches } from './osv-app/gather.ts';
import { labels, managedBy } from './osv-app/labels.ts';
import type { ManagementPeer } from './osv-app/objects/network-policy.ts';
import { createRuntimeMetrics, EventRecorder, Reflector, runWithLease } from './reconcile-runtime/index.ts';
import { healthApplication, listen, metricsApplication } from './server/http-server.ts';

const leaseName = 'osv-operator';
const ownObjects = `${labels.managedBy}=${managedBy}`;

/**
 * Runs until the signal is aborted.
 *
 * @returns false when the lease was lost: the process must end, so that what it still does cannot collide with the
 *   next leader
 */
export async function runOperator(options: OperatorOptions, logger: Logger, signal: AbortSignal): Promise<boolean> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const { metrics, observer } = createRuntimeMetrics(registry);
  const client = createApiClient({
    kubeconfig: options.kubeconfig,
    fieldManager: 'osv-operator',
    userAgent: `osv-operator/${version}`,
    observer,
  });
  const reflectors: Reflector<KubernetesObject>[] = [];
  const follow = <T extends KubernetesObject>(
    resource: Resource<T>,
    selection: { labelSelector?: string; namespace?: string } = {},
  ) => {
    const reflector = new Reflector<T>({ client, resource, logger, metrics, ...scope(options), ...selection });
    reflectors.push(reflector as unknown as Reflector<KubernetesObject>);
    return reflector.cache;
  };
  const podMonitors = await knows(client, '/apis/monitoring.coreos.com/v1');
  const caches: AppCaches = {
    apps: follow(resources.osvApps),
    sets: follow(resources.virtualMachineInstanceReplicaSets, { labelSelector: ownObjects }),
    instances: follow(resources.virtualMachineInstances, { labelSelector: ownObjects }),
    services: follow(resources.services, { labelSelector: ownObjects }),
    networkPolicies: follow(resources.networkPolicies, { labelSelector: ownObjects }),
    disruptionBudgets: follow(resources.podDisruptionBudgets, { labelSelector: ownObjects }),
    podMonitors: podMonitors ? follow(resources.podMonitors, { labelSelector: ownObjects }) : undefined,
  };
  const records = new ImageRecords(
    client,
    options.operatorNamespace,
    follow(resources.configMaps, { namespace: options.operatorNamespace, labelSelector: imageRecordSelector }),
  );
  const now = () => new Date();
  const images = await createImageBuilder(options, {
    client,
    records,
    logger,
    now,
    follow: (resource) => follow(resource, { namespace: options.operatorNamespace, labelSelector: buildSelector }),
  });
  const identity = `${hostname()}-${randomUUID().slice(0, 8)}`;
  const events = new EventRecorder({ client, controller: 'osvapp.dev/operator', instance: identity, logger, metrics });
  const guests = new GuestObserver({
    instances: caches.instances,
    logger,
    dispatcher: options.guestProxy ? new ProxyAgent(options.guestProxy) : undefined,
    onChange: (instance) => {
      const object = caches.instances.get(instance);
      for (const key of object ? appOfLabel(object) : []) controller.enqueue(key);
    },
  });
  const controller = createAppController({
    client,
    caches,
    images,
    guests,
    events,
    now,
    logger,
    metrics,
    concurrency: options.concurrency,
    referencePollSeconds: options.referencePollSeconds,
    decide: { managementPeers: managementPeers(options) },
  });
  const health = { live: () => true, ready: () => caches.apps.hasSynced };
  await listen(healthApplication(health), options.healthPort, options.listenAddress, signal);
  await listen(metricsApplication(registry), options.metricsPort, options.listenAddress, signal);
  logger.info({ version, namespaces: options.namespaces, leaderElection: options.leaderElection }, 'The operator runs');

  const stop = new AbortController();
  signal.addEventListener('abort', () => stop.abort(), { once: true });
  const following = reflectors.map((reflector) => reflector.start(stop.signal));
  const lead = async (leading: AbortSignal) => {
    await Promise.all([controller.start(leading), guests.start(leading), images.start(leading)]);
  };
  let end: Awaited<ReturnType<typeof runWithLease>> = 'released';
  if (options.leaderElection) {
    const lease = { namespace: options.operatorNamespace, name: leaseName, identity };
    end = await runWithLease({ client, ...lease, onStartedLeading: lead, signal, logger, metrics });
  } else {
    await lead(signal);
  }
  stop.abort();
  await Promise.all(following);
  await events.flush();
  await client.close();
  return end !== 'lost';
}

/** One namespace is watched by itself, which needs no rights elsewhere; several or none mean all of them. */
function scope({ namespaces }: OperatorOptions): { namespace?: string } {
  const [only] = namespaces;
  return namespaces.length === 1 && only !== undefined ? { namespace: only } : {};
}

async function knows(client: { raw(method: string, path: string): Promise<{ status: number }> }, path: string) {
  return (await client.raw('GET', path)).status === 200;
}

function managementPeers(options: OperatorOptions): ManagementPeer[] {
  const namespaceName = 'kubernetes.io/metadata.name';
  const operator = {
    namespaceLabels: { [namespaceName]: options.operatorNamespace },
    podLabels: { [labels.name]: 'osv-operator' },
  };
  if (options.prometheusNamespace === undefined) return [operator];
  const pairs = options.prometheusLabels.map((text): [string, string] => {
    const separator = text.indexOf('=');
    return [text.slice(0, separator), text.slice(separator + 1)];
  });
  return [
    operator,
    { namespaceLabels: { [namespaceName]: options.prometheusNamespace }, podLabels: Object.fromEntries(pairs) },
  ];
}
