import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { version } from '@osv/contracts';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { systemClock } from './clock.ts';
import { Following } from './following.ts';
import { GuestObserver } from './guests/guest-observer.ts';
import { buildSelector } from './images/build-job.ts';
import { createImageBuilder } from './images/create-image-builder.ts';
import { ImageRecords, imageRecordSelector } from './images/image-records.ts';
import {
  type ApiClient,
  createApiClient,
  isServed,
  type KubernetesObject,
  type Resource,
  resources,
} from './kubernetes/index.ts';
import type { Logger } from './logger.ts';
import { countObjects, createOperatorMetrics } from './metrics.ts';
import type { OperatorOptions } from './options.ts';
import { createAppController } from './osv-app/app-controller.ts';
import { appOfLabel } from './osv-app/app-reconciler.ts';
import type { AppCaches } from './osv-app/gather.ts';
import { keptInstance, keptMachine, keptSet, withoutStatus } from './osv-app/kept.ts';
import { labels, managedBy } from './osv-app/labels.ts';
import type { ManagementPeer } from './osv-app/objects/network-policy.ts';
import { createRuntimeMetrics, EventRecorder, runWithLease } from './reconcile-runtime/index.ts';
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
  const operatorMetrics = createOperatorMetrics(registry);
  // A process that stood still may believe that it leads long after another one has taken over.
  let leadsUntil = options.leaderElection ? 0 : Number.POSITIVE_INFINITY;
  const client = createApiClient({
    mayWrite: () => systemClock.monotonic() < leadsUntil,
    kubeconfig: options.kubeconfig,
    fieldManager: 'osv-operator',
    userAgent: `osv-operator/${version}`,
    qps: options.apiRequestsPerSecond,
    observer,
  });
  await requireDefinitions(client);
  const following = new Following({ client, logger, metrics });
  const { namespaces, operatorNamespace } = options;
  const own = <T extends KubernetesObject>(resource: Resource<T>, keep?: (object: T) => T) =>
    following.follow(resource, namespaces, { labelSelector: ownObjects, ...(keep ? { keep } : {}) });
  const caches: AppCaches = {
    apps: following.follow(resources.osvApps, namespaces),
    sets: own(resources.virtualMachineInstanceReplicaSets, keptSet),
    machines: own(resources.virtualMachines, keptMachine),
    instances: own(resources.virtualMachineInstances, keptInstance),
    services: own(resources.services, withoutStatus),
    networkPolicies: own(resources.networkPolicies, withoutStatus),
    disruptionBudgets: own(resources.podDisruptionBudgets, withoutStatus),
    podMonitors: (await isServed(client, resources.podMonitors)) ? own(resources.podMonitors) : undefined,
  };
  const records = new ImageRecords(
    client,
    operatorNamespace,
    following.follow(resources.configMaps, [operatorNamespace], { labelSelector: imageRecordSelector }),
  );
  const now = () => new Date();
  countObjects(registry, caches, now);
  const images = await createImageBuilder(options, {
    client,
    records,
    logger,
    now,
    metrics: operatorMetrics,
    follow: (resource) => following.follow(resource, [operatorNamespace], { labelSelector: buildSelector }),
  });
  const identity = `${hostname()}-${randomUUID().slice(0, 8)}`;
  const events = new EventRecorder({ client, controller: 'osvapp.dev/operator', instance: identity, logger, metrics });
  const guests = new GuestObserver({
    instances: caches.instances,
    logger,
    proxy: options.guestProxy,
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
    operatorMetrics,
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
  const watching = following.start(stop.signal);
  const lead = async (leading: AbortSignal) => {
    await Promise.all([controller.start(leading), guests.start(leading), images.start(leading)]);
  };
  let end: Awaited<ReturnType<typeof runWithLease>> = 'released';
  if (options.leaderElection) {
    const { operatorNamespace: namespace, leaseSeconds } = options;
    const lease = { namespace, name: leaseName, identity, leaseSeconds };
    const onHeldUntil = (milliseconds: number) => {
      leadsUntil = milliseconds;
    };
    end = await runWithLease({ client, ...lease, onStartedLeading: lead, onHeldUntil, signal, logger, metrics });
  } else {
    await lead(signal);
  }
  stop.abort();
  await watching;
  await events.flush();
  await client.close();
  return end !== 'lost';
}

/** @throws Error with what is to be installed first */
async function requireDefinitions(client: ApiClient): Promise<void> {
  if (!(await isServed(client, resources.virtualMachineInstanceReplicaSets))) {
    throw new Error('This cluster has no KubeVirt, or one that is not ready; the operator starts when it is there.');
  }
  if (!(await isServed(client, resources.osvApps))) {
    throw new Error(
      'This cluster does not know OsvApps; install crds/osvapp.yaml, or the chart with crds.install=true.',
    );
  }
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
