import { isDeepStrictEqual } from 'node:util';
import { possibleKeys } from '../images/image-key.ts';
import {
  type KubernetesObject,
  keyOf,
  type OsvApp,
  type Resource,
  referenceOf,
  resources,
} from '../kubernetes/index.ts';
import type { Logger } from '../logger.ts';
import {
  type CacheChange,
  Controller,
  type ObjectCache,
  OwnWrites,
  PendingWrites,
  type RuntimeMetrics,
} from '../reconcile-runtime/index.ts';
import { AppReconciler, type AppReconcilerOptions, appOfLabel } from './app-reconciler.ts';
import { EndedInstances } from './ended-instances.ts';
import { type AppCaches, addOwnerIndexes, ownerIndex } from './gather.ts';
import { SetMends } from './set-mends.ts';

/** Name of the index of apps by the images that they may wait for. */
const imageIndex = 'image';

export interface AppControllerOptions
  extends Omit<AppReconcilerOptions, 'ended' | 'mends' | 'writes' | 'pending' | 'wrote'> {
  readonly logger: Logger;
  readonly metrics: RuntimeMetrics;
  /** Apps that are worked on at the same time. */
  readonly concurrency: number;
}

/** Wires what may concern an app to passes over it. */
export function createAppController(options: AppControllerOptions): Controller {
  const { caches, images, logger, metrics, concurrency } = options;
  addOwnerIndexes(caches);
  caches.apps.addIndex(imageIndex, (app) => possibleKeys(app, images));
  const writes = new OwnWrites<OsvApp>();
  const pending = new PendingWrites();
  const cacheOf = cachesByResource(caches);
  const reconciler = new AppReconciler({
    ...options,
    ended: new EndedInstances(caches.instances, ...([caches.sets, caches.machines] as ObjectCache<KubernetesObject>[])),
    mends: new SetMends(caches.sets),
    writes,
    pending,
    wrote(app, resource, object) {
      const cache = cacheOf.get(resource);
      if (cache) pending.note(keyOf(app.metadata), cache, object);
    },
  });
  const controller = new Controller({
    name: 'osv-app',
    reconcile: (key) => reconciler.reconcile(key),
    // Somebody waits for the first instance of an app; what is to be written of others can wait.
    isUrgent: (key) => {
      const app = caches.apps.get(referenceOf(key));
      const owned = (cache: typeof caches.sets | typeof caches.machines) =>
        cache.byIndex(ownerIndex, app?.metadata.uid ?? '').length > 0;
      return app !== undefined && !owned(caches.sets) && !owned(caches.machines);
    },
    concurrency,
    logger,
    metrics,
  });
  controller.watch(caches.apps, ({ object }) => {
    const key = keyOf(object.metadata);
    return writes.isShownBy(key, object) ? [] : [key];
  });
  // Our own writes of sets and machines count: one that is there now may have to be scaled at once.
  for (const cache of [caches.sets, caches.machines, caches.instances] as ObjectCache<KubernetesObject>[]) {
    controller.watch(cache, (change) => (showsNothing(change) ? [] : appOfLabel(change.object)));
  }
  const { services, networkPolicies, disruptionBudgets, podMonitors } = caches;
  for (const cache of [services, networkPolicies, disruptionBudgets, podMonitors] as (typeof services | undefined)[]) {
    if (!cache) continue;
    controller.watch(cache, ({ object }) => appOfLabel(object).filter((key) => pending.isNews(key, object)));
  }
  // An image whose record is not read yet would be built again.
  controller.startAfter(() => images.synced());
  images.subscribe((key) => {
    for (const app of caches.apps.byIndex(imageIndex, key)) controller.enqueue(keyOf(app.metadata));
  });
  return controller;
}

/** Whether an update changed only what is not kept of the object. */
export function showsNothing({ object, old }: CacheChange<KubernetesObject>): boolean {
  if (!old) return false;
  const { resourceVersion: _, generation: __, ...metadata } = object.metadata;
  const { resourceVersion: ___, generation: ____, ...before } = old.metadata;
  return isDeepStrictEqual({ ...object, metadata }, { ...old, metadata: before });
}

function cachesByResource(caches: AppCaches): ReadonlyMap<Resource, ObjectCache<KubernetesObject>> {
  const { sets, machines, services, networkPolicies, disruptionBudgets, podMonitors } = caches;
  const all: [Resource, unknown][] = [
    [resources.virtualMachineInstanceReplicaSets, sets],
    [resources.virtualMachines, machines],
    [resources.services, services],
    [resources.networkPolicies, networkPolicies],
    [resources.podDisruptionBudgets, disruptionBudgets],
    [resources.podMonitors, podMonitors],
  ];
  return new Map(all.filter(([, cache]) => cache) as [Resource, ObjectCache<KubernetesObject>][]);
}
