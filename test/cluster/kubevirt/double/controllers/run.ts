import {
  type ApiClient,
  type KubernetesObject,
  keyOf,
  type ObjectMeta,
  type Resource,
  referenceOf,
  resources,
} from '@osv/operator/kubernetes';
import {
  type CacheChange,
  type Clock,
  Controller,
  EventRecorder,
  type Logger,
  Reflector,
  systemClock,
} from '@osv/operator/reconcile-runtime';
import { labels } from '../kubevirt-names.ts';
import { selectorMatches } from '../label-selector.ts';
import type { Spec } from '../types.ts';
import type { Caches } from './caches.ts';
import { controllerUid, InstanceController, instances } from './instance/controller.ts';
import { MachineController } from './machine/controller.ts';
import { machines } from './machine/resource.ts';
import { NodeController } from './node/controller.ts';
import { ReplicaSetController, replicaSets } from './replica-set/controller.ts';

export interface ControllersOptions {
  client: ApiClient;
  launcherImage: string;
  logger: Logger;
  signal: AbortSignal;
  /** Called when everything is listed and work begins. */
  onReady: () => void;
  clock?: Clock;
  random?: () => number;
}

const eachConcurrency = 10;

/** Runs the controllers for instances, replica sets, machines and nodes until the signal is aborted. */
export async function runControllers(options: ControllersOptions): Promise<void> {
  const { client, launcherImage, logger, signal, onReady, clock = systemClock, random = Math.random } = options;
  const reflect = <T extends KubernetesObject>(resource: Resource<T>, labelSelector?: string) =>
    new Reflector({ client, resource, logger, ...(labelSelector && { labelSelector }) });
  const reflectors = {
    pods: reflect(resources.pods, 'kubevirt.io=virt-launcher'),
    claims: reflect(resources.persistentVolumeClaims),
    instances: reflect(instances),
    replicaSets: reflect(replicaSets),
    machines: reflect(machines),
    nodes: reflect(resources.nodes),
  };
  const caches: Caches = {
    pods: reflectors.pods.cache,
    claims: reflectors.claims.cache,
    instances: reflectors.instances.cache,
    replicaSets: reflectors.replicaSets.cache,
    machines: reflectors.machines.cache,
    nodes: reflectors.nodes.cache,
  };
  caches.pods.addIndex('controller', controllerUid);
  caches.instances.addIndex('controller', controllerUid);
  caches.instances.addIndex('node', ({ metadata }) => [metadata.labels?.[labels.nodeName] ?? '']);
  caches.instances.addIndex('claim', ({ metadata, spec }) => claimKeys(metadata, spec));
  caches.machines.addIndex('claim', ({ metadata, spec }) => claimKeys(metadata, spec.template.spec));

  const recorder = new EventRecorder({ client, controller: 'virtualmachine-controller', instance: 'double', logger });
  const shared = { client, caches, recorder, clock };
  const controllers = [
    instanceLoop(new InstanceController({ ...shared, launcherImage, random }), caches, logger),
    replicaSetLoop(new ReplicaSetController(shared), caches, logger),
    machineLoop(new MachineController({ ...shared, random }), caches, logger),
    nodeLoop(new NodeController(shared), caches, logger),
  ];
  const lists = Object.values(reflectors) as {
    cache: { synced(): Promise<void> };
    start(s: AbortSignal): Promise<void>;
  }[];
  void Promise.all(lists.map(({ cache }) => cache.synced())).then(onReady);
  await Promise.all([
    ...lists.map((reflector) => reflector.start(signal)),
    ...controllers.map((controller) => controller.start(signal)),
  ]);
  await recorder.flush();
}

interface Reconciler {
  reconcile(key: string): Promise<{ requeueAfterSeconds?: number } | undefined>;
}

function loop(name: string, reconciler: Reconciler, logger: Logger): Controller {
  return new Controller({ name, reconcile: (key) => reconciler.reconcile(key), concurrency: eachConcurrency, logger });
}

function ownKey({ object }: CacheChange<KubernetesObject>): string[] {
  return [keyOf(object.metadata)];
}

/** Keys of the owners of this kind, the former ones included. */
function ownerKeys(kind: string) {
  return ({ object, old }: CacheChange<KubernetesObject>): string[] => {
    const all = [object, ...(old ? [old] : [])];
    const keys = all.flatMap(({ metadata }) =>
      (metadata.ownerReferences ?? [])
        .filter((owner) => owner.controller && owner.kind === kind)
        .map(({ name }) => `${metadata.namespace}/${name}`),
    );
    return [...new Set(keys)];
  };
}

function instanceLoop(reconciler: Reconciler, caches: Caches, logger: Logger): Controller {
  const controller = loop('instance', reconciler, logger);
  controller.watch(caches.instances, ownKey);
  controller.watch(caches.pods, ownerKeys('VirtualMachineInstance'));
  controller.watch(caches.claims, ({ object }) =>
    caches.instances.byIndex('claim', keyOf(object.metadata)).map(({ metadata }) => keyOf(metadata)),
  );
  return controller;
}

function replicaSetLoop(reconciler: Reconciler, caches: Caches, logger: Logger): Controller {
  const controller = loop('replica-set', reconciler, logger);
  controller.watch(caches.replicaSets, ownKey);
  controller.watch(caches.instances, (change) => {
    const owners = ownerKeys('VirtualMachineInstanceReplicaSet')(change);
    const { metadata } = change.object;
    if (owners.length > 0 || metadata.ownerReferences?.some((owner) => owner.controller)) return owners;
    return caches.replicaSets
      .list(metadata.namespace)
      .filter(({ spec }) => selectorMatches(spec.selector, metadata.labels))
      .map((set) => keyOf(set.metadata));
  });
  return controller;
}

function machineLoop(reconciler: Reconciler, caches: Caches, logger: Logger): Controller {
  const controller = loop('machine', reconciler, logger);
  controller.watch(caches.machines, ownKey);
  // An instance bears its machine's name, whether it belongs to it or not.
  controller.watch(caches.instances, (change) => ownKey(change).filter((key) => caches.machines.get(referenceOf(key))));
  controller.watch(caches.claims, ({ object }) =>
    caches.machines.byIndex('claim', keyOf(object.metadata)).map(({ metadata }) => keyOf(metadata)),
  );
  return controller;
}

function nodeLoop(reconciler: Reconciler, caches: Caches, logger: Logger): Controller {
  const controller = loop('node', reconciler, logger);
  controller.watch(caches.nodes, ownKey);
  controller.watch(caches.instances, ({ object }) => (object.status?.nodeName ? [object.status.nodeName] : []));
  return controller;
}

function claimKeys({ namespace }: ObjectMeta, { volumes = [] }: Spec): string[] {
  return volumes.flatMap(({ persistentVolumeClaim, dataVolume }) => {
    const name = persistentVolumeClaim?.claimName ?? dataVolume?.name;
    return name ? [`${namespace}/${name}`] : [];
  });
}
