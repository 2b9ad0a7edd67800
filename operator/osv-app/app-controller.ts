import { possibleKeys } from '../images/image-key.ts';
import { keyOf } from '../kubernetes/index.ts';
import type { Logger } from '../logger.ts';
import { Controller, type RuntimeMetrics } from '../reconcile-runtime/index.ts';
import { AppReconciler, type AppReconcilerOptions, appOfLabel } from './app-reconciler.ts';
import { EndedInstances } from './ended-instances.ts';
import { addOwnerIndexes } from './gather.ts';

/** Name of the index of apps by the images that they may wait for. */
const imageIndex = 'image';

export interface AppControllerOptions extends Omit<AppReconcilerOptions, 'ended'> {
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
  const reconciler = new AppReconciler({ ...options, ended: new EndedInstances(caches.instances) });
  const controller = new Controller({
    name: 'osv-app',
    reconcile: (key) => reconciler.reconcile(key),
    concurrency,
    logger,
    metrics,
  });
  controller.watch(caches.apps, ({ object }) => [keyOf(object.metadata)]);
  controller.watch(caches.sets, ({ object }) => appOfLabel(object));
  controller.watch(caches.instances, ({ object }) => appOfLabel(object));
  controller.watch(caches.services, ({ object }) => appOfLabel(object));
  controller.watch(caches.networkPolicies, ({ object }) => appOfLabel(object));
  controller.watch(caches.disruptionBudgets, ({ object }) => appOfLabel(object));
  if (caches.podMonitors) controller.watch(caches.podMonitors, ({ object }) => appOfLabel(object));
  // An image whose record is not read yet would be built again.
  controller.startAfter(() => images.synced());
  images.subscribe((key) => {
    for (const app of caches.apps.byIndex(imageIndex, key)) controller.enqueue(keyOf(app.metadata));
  });
  return controller;
}
