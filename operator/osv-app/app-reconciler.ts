import { isDeepStrictEqual } from 'node:util';
import { imageOf } from '../images/image-key.ts';
import {
  isConflict,
  isNotFound,
  keyOf,
  type ObjectReference,
  type OsvApp,
  referenceOf,
  resources,
} from '../kubernetes/index.ts';
import type { OperatorMetrics } from '../metrics.ts';
import { addFinalizer, isBeingDeleted, OwnWrites, removeFinalizer, setCondition } from '../reconcile-runtime/index.ts';
import { act, type Effects } from './act.ts';
import { type DecideOptions, decide } from './decide.ts';
import { type GatherSources, gather } from './gather.ts';
import { finalizer } from './labels.ts';
import type { AppStatus, ConditionDraft, Observed } from './model.ts';
import { refersToObjects } from './references.ts';

export interface AppReconcilerOptions extends GatherSources, Effects {
  readonly decide: DecideOptions;
  /**
   * Seconds between looks at ConfigMaps and Secrets that an app names. They are asked for by name, not watched, since a
   * watch would need the right to see all of them.
   */
  readonly referencePollSeconds: number;
  readonly operatorMetrics: OperatorMetrics;
}

/** One pass over one app: gather, decide, act, and write the status once, also when an action has failed. */
export class AppReconciler {
  readonly #options: AppReconcilerOptions;
  readonly #writes = new OwnWrites<OsvApp>();

  constructor(options: AppReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string): Promise<{ requeueAfterSeconds: number } | undefined> {
    const reference = referenceOf(key);
    const cached = this.#options.caches.apps.get(reference);
    if (!cached) {
      this.#writes.forget(key);
      return undefined;
    }
    const latest = this.#writes.latest(key, cached);
    if (isBeingDeleted(latest)) {
      await this.#cleanUp(latest);
      return undefined;
    }
    const app = await addFinalizer(this.#options.client, resources.osvApps, latest, finalizer);
    if (app !== latest) this.#writes.remember(key, app);
    const observed = await gather(this.#options, app);
    const { actions, status, requeueAfterSeconds } = decide(observed, this.#options.decide);
    this.#count(app, observed, status);
    try {
      await act(this.#options, app, actions);
    } catch (error) {
      await this.#writeStatus(app, withFailure(status, app, error, observed.now));
      throw error;
    }
    await this.#writeStatus(app, status);
    const requeue = Math.min(
      requeueAfterSeconds ?? Number.POSITIVE_INFINITY,
      refersToObjects(app.spec) ? this.#options.referencePollSeconds : Number.POSITIVE_INFINITY,
    );
    return Number.isFinite(requeue) ? { requeueAfterSeconds: requeue } : undefined;
  }

  #count(app: OsvApp, { image }: Observed, status: AppStatus): void {
    const { operatorMetrics } = this.#options;
    const { name, namespace = '' } = app.metadata;
    if (!app.status?.conditions && image.state.state === 'built') operatorMetrics.imageReused();
    const crashed = status.backOff && status.backOff.lastCrashAt !== app.status?.backOff?.lastCrashAt;
    if (crashed) operatorMetrics.instanceRestarted(namespace, name);
  }

  async #writeStatus(app: OsvApp, status: AppStatus): Promise<void> {
    if (isDeepStrictEqual(plain(app.status ?? {}), plain(status))) return;
    const { name, namespace = '', uid } = app.metadata;
    const object = { metadata: { name, namespace, ...(uid ? { uid } : {}) }, status } as OsvApp;
    try {
      const written = await this.#options.client.apply(resources.osvApps, object, { subresource: 'status' });
      this.#writes.remember(keyOf(written.metadata), written);
    } catch (error) {
      // The app has gone in between, and perhaps another has its name.
      if (!isNotFound(error) && !isConflict(error)) throw error;
    }
  }

  /** Instances, Services and Secrets go with the app, by their owner references; a build has none. */
  async #cleanUp(app: OsvApp): Promise<void> {
    this.#options.images.abandon(imageOf(app, this.#options.images).key, app);
    await removeFinalizer(this.#options.client, resources.osvApps, app, finalizer);
  }
}

/** Says in the status what the API server refused, so that `kubectl describe` shows it. Conflicts solve themselves. */
function withFailure(status: AppStatus, app: OsvApp, error: unknown, now: Date): AppStatus {
  if (isConflict(error)) return status;
  const message = error instanceof Error ? error.message : String(error);
  const draft: ConditionDraft = { type: 'Degraded', status: 'True', reason: 'ActionFailed', message };
  const generation = app.metadata.generation;
  const observed = generation === undefined ? draft : { ...draft, observedGeneration: generation };
  return { ...status, conditions: setCondition(status.conditions, observed, now) };
}

/** As it would come back from the server: without undefined fields. */
function plain(status: AppStatus): unknown {
  return JSON.parse(JSON.stringify(status));
}

/** The app that an object belongs to by its label; the controller looks at owners again when it gathers. */
export function appOfLabel(object: { metadata: { namespace?: string; labels?: Record<string, string> } }): string[] {
  const app = object.metadata.labels?.['osvapp.dev/app'];
  const reference: ObjectReference | undefined = app
    ? { name: app, ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}) }
    : undefined;
  return reference ? [keyOf(reference)] : [];
}
