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
import {
  addFinalizer,
  isBeingDeleted,
  type OwnWrites,
  type PendingWrites,
  removeFinalizer,
  setCondition,
} from '../reconcile-runtime/index.ts';
import { act, type Effects, isFollower } from './act.ts';
import { type DecideOptions, decide } from './decide.ts';
import { type GatherSources, gather } from './gather.ts';
import { finalizer } from './labels.ts';
import type { Action, AppStatus, ConditionDraft, Decision, Observed } from './model.ts';
import { refersToObjects } from './references.ts';
import { tellsOfCrash } from './rollout/back-off.ts';
import type { SetMends } from './set-mends.ts';
import { isSameStatus, StatusDetails } from './status-details.ts';

export interface AppReconcilerOptions extends Omit<GatherSources, 'mends'>, Omit<Effects, 'mends'> {
  readonly mends: SetMends;
  readonly decide: DecideOptions;
  /**
   * Seconds between looks at ConfigMaps and Secrets that an app names. They are asked for by name, not watched, since a
   * watch would need the right to see all of them.
   */
  readonly referencePollSeconds: number;
  readonly operatorMetrics: OperatorMetrics;
  /** The apps as this process wrote them last, by key. */
  readonly writes: OwnWrites<OsvApp>;
  /** What it wrote for them and the caches do not show yet, by the app's key. */
  readonly pending: PendingWrites;
}

/** One pass over one app: gather, decide, act, and write the status once, also when an action has failed. */
export class AppReconciler {
  readonly #options: AppReconcilerOptions;
  readonly #details = new StatusDetails();

  constructor(options: AppReconcilerOptions) {
    this.#options = options;
  }

  async reconcile(key: string): Promise<{ requeueAfterSeconds: number } | undefined> {
    const reference = referenceOf(key);
    const cached = this.#options.caches.apps.get(reference);
    const { writes, pending } = this.#options;
    if (!cached) {
      writes.forget(key);
      pending.forget(key);
      this.#details.forget(key);
      this.#options.operatorMetrics.appGone(reference.namespace ?? '', reference.name);
      return undefined;
    }
    const wait = pending.waitSeconds(key);
    if (wait !== undefined) return { requeueAfterSeconds: wait };
    const latest = writes.latest(key, cached);
    if (isBeingDeleted(latest)) {
      await this.#cleanUp(latest);
      return undefined;
    }
    const app = await addFinalizer(this.#options.client, resources.osvApps, latest, finalizer);
    if (app !== latest) writes.remember(key, app);
    const { observed, decision } = await this.#look(app);
    const { actions, status, requeueAfterSeconds } = decision;
    const first = isFirst(observed, actions);
    try {
      await act(this.#options, app, first ? actions.filter((action) => !isFollower(action)) : actions);
    } catch (error) {
      this.#count(app, observed, status);
      await this.#tellFailure(app, status, error);
      throw error;
    }
    // The rest is a pass for the workers that nobody waits for.
    if (first) return { requeueAfterSeconds: 0 };
    this.#count(app, observed, status);
    const detailsDue = this.#details.waitSeconds(key, app.status, status, observed.now.getTime());
    if (detailsDue === undefined) await this.#writeStatus(app, status);
    const requeue = Math.min(
      requeueAfterSeconds ?? Number.POSITIVE_INFINITY,
      detailsDue ?? Number.POSITIVE_INFINITY,
      refersToObjects(app.spec) ? this.#options.referencePollSeconds : Number.POSITIVE_INFINITY,
    );
    return Number.isFinite(requeue) ? { requeueAfterSeconds: requeue } : undefined;
  }

  /** What is there, and what follows from it. */
  async #look(app: OsvApp): Promise<{ observed: Observed; decision: Decision }> {
    try {
      const observed = await gather(this.#options, app);
      return { observed, decision: decide(observed, this.#options.decide) };
    } catch (error) {
      await this.#tellFailure(app, app.status ?? {}, error);
      throw error;
    }
  }

  /** The failure itself is more to be told than that telling of it failed, which has the same cause most times. */
  async #tellFailure(app: OsvApp, status: AppStatus, error: unknown): Promise<void> {
    await this.#writeStatus(app, withFailure(status, app, error, this.#options.now())).catch(() => {});
  }

  #count(app: OsvApp, { image }: Observed, status: AppStatus): void {
    const { operatorMetrics } = this.#options;
    const { name, namespace = '' } = app.metadata;
    if (!app.status?.conditions && image.state.state === 'built') operatorMetrics.imageReused();
    if (tellsOfCrash(status.backOff, app.status?.backOff)) operatorMetrics.instanceRestarted(namespace, name);
  }

  async #writeStatus(app: OsvApp, status: AppStatus): Promise<void> {
    if (isSameStatus(app.status, status)) return;
    const { name, namespace = '', uid } = app.metadata;
    const object = { metadata: { name, namespace, ...(uid ? { uid } : {}) }, status } as OsvApp;
    try {
      const written = await this.#options.client.apply(resources.osvApps, object, {
        subresource: 'status',
        priority: 'low',
      });
      this.#options.writes.remember(keyOf(written.metadata), written);
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

/** Whether the pass makes the app's first set: with it KubeVirt can begin. */
function isFirst({ sets, machines }: Observed, actions: readonly Action[]): boolean {
  const begins = actions.some(
    (action) => action.type === 'apply' && action.resource === resources.virtualMachineInstanceReplicaSets,
  );
  return begins && sets.length === 0 && machines.length === 0;
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

/** The app that an object belongs to by its label; the controller looks at owners again when it gathers. */
export function appOfLabel(object: { metadata: { namespace?: string; labels?: Record<string, string> } }): string[] {
  const app = object.metadata.labels?.['osvapp.dev/app'];
  const reference: ObjectReference | undefined = app
    ? { name: app, ...(object.metadata.namespace ? { namespace: object.metadata.namespace } : {}) }
    : undefined;
  return reference ? [keyOf(reference)] : [];
}
