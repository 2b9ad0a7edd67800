import {
  type ApiClient,
  type KubernetesObject,
  keyOf,
  type Resource,
  referenceOf,
  resources,
} from '@osv/operator/kubernetes';
import type { Clock, EventRecorder } from '@osv/operator/reconcile-runtime';
import { timestamp } from '../../admission/defaults.ts';
import { annotations } from '../../kubevirt-names.ts';
import { formatSelector, selectorMatches } from '../../label-selector.ts';
import type { Condition, Instance, ReplicaSet } from '../../types.ts';
import type { Caches } from '../caches.ts';
import { hasCondition } from '../conditions.ts';
import { Expectations } from '../expectations.ts';
import { instances } from '../instance/controller.ts';

export const replicaSets = resources.virtualMachineInstanceReplicaSets as Resource as Resource<ReplicaSet>;

export interface ReplicaSetControllerOptions {
  client: ApiClient;
  caches: Caches;
  recorder: EventRecorder;
  clock: Clock;
}

/** So many instances are made or deleted at once (BurstReplicas in pkg/controller of KubeVirt). */
const burst = 250;

/** Keeps as many instances as a replica set asks for (pkg/virt-controller/watch/replicaset of KubeVirt). */
export class ReplicaSetController {
  readonly #options: ReplicaSetControllerOptions;
  readonly #expectations: Expectations<Instance>;

  constructor(options: ReplicaSetControllerOptions) {
    this.#options = options;
    this.#expectations = new Expectations(options.caches.instances, options.clock);
  }

  async reconcile(key: string): Promise<{ requeueAfterSeconds?: number } | undefined> {
    const set = this.#options.caches.replicaSets.get(referenceOf(key));
    if (!set) {
      this.#expectations.forget(key);
      return undefined;
    }
    if (await this.#noteApiVersion(set)) return undefined;
    const { template, selector, paused } = set.spec;
    const templateLabels = template?.metadata?.labels ?? {};
    if (Object.keys(templateLabels).length === 0 || !selectorMatches(selector, templateLabels)) return undefined;

    const satisfied = this.#expectations.satisfied(key);
    const claimed = await this.#claim(set);
    const active = claimed.filter((instance) => isActive(instance) && !isEnding(instance));
    const spent = claimed.filter(
      (instance) => !instance.metadata.deletionTimestamp && (isFinal(instance) || isEnding(instance)),
    );
    let failure: Error | undefined;
    if (satisfied && !paused && !set.metadata.deletionTimestamp) {
      try {
        await this.#scale(set, active);
        await this.#deleteAll(set, spent.slice(0, burst));
      } catch (error) {
        failure = error as Error;
      }
    }
    await this.#writeStatus(set, active, failure);
    if (failure) throw failure;
    return satisfied ? undefined : { requeueAfterSeconds: 1 };
  }

  async #noteApiVersion({ metadata, spec }: Readonly<ReplicaSet>): Promise<boolean> {
    const seen = { [annotations.latestApiVersion]: 'v1', [annotations.storageApiVersion]: 'v1' };
    if (Object.entries(seen).every(([name, version]) => metadata.annotations?.[name] === version)) return false;
    const { resourceVersion } = metadata;
    // KubeVirt writes the set as a whole, and Go an empty structure for a domain's resources.
    const written = spec.template?.spec ? { spec: { template: { spec: { domain: { resources: {} } } } } } : {};
    const change = { metadata: { resourceVersion, annotations: seen }, ...written };
    await this.#options.client.mergePatch(replicaSets, metadata, change);
    return true;
  }

  /** Its own instances, and orphans that its selector finds; own ones that the selector no longer finds are let go. */
  async #claim(set: Readonly<ReplicaSet>): Promise<Readonly<Instance>[]> {
    const { client, caches } = this.#options;
    const { uid, namespace, deletionTimestamp } = set.metadata;
    const claimed: Readonly<Instance>[] = [];
    for (const instance of caches.instances.list(namespace)) {
      const owner = instance.metadata.ownerReferences?.find(({ controller }) => controller);
      const matches = selectorMatches(set.spec.selector, instance.metadata.labels);
      const { resourceVersion, ownerReferences = [] } = instance.metadata;
      if (owner?.uid === uid) {
        if (matches) claimed.push(instance);
        else {
          const rest = ownerReferences.filter((reference) => reference.uid !== uid);
          await client.mergePatch(instances, instance.metadata, {
            metadata: { resourceVersion, ownerReferences: rest },
          });
        }
      } else if (!owner && matches && !deletionTimestamp && !instance.metadata.deletionTimestamp) {
        const references = [...ownerReferences, ownerReference(set)];
        const metadata = { resourceVersion, ownerReferences: references };
        claimed.push(await client.mergePatch(instances, instance.metadata, { metadata }));
      }
    }
    return claimed;
  }

  async #scale(set: Readonly<ReplicaSet>, active: readonly Readonly<Instance>[]): Promise<void> {
    const missing = (set.spec.replicas ?? 1) - active.length;
    if (missing < 0) await this.#deleteAll(set, active.slice(0, Math.min(-missing, burst)));
    else await all(Array.from({ length: Math.min(missing, burst) }, () => this.#create(set)));
  }

  async #create(set: Readonly<ReplicaSet>): Promise<void> {
    const { metadata: given, spec } = set.spec.template;
    const { namespace, name } = set.metadata;
    const { name: templateName, generateName, ...rest } = { ...given } as Record<string, unknown>;
    const metadata = {
      ...rest,
      generateName: templateName || generateName || name,
      namespace,
      ownerReferences: [ownerReference(set)],
    } as unknown as Instance['metadata'];
    try {
      const instance = await this.#options.client.create(instances, { metadata, spec: spec as Instance['spec'] });
      this.#expectations.expect(keyOf(set.metadata), 'created', instance);
      this.#record(set, 'Normal', 'SuccessfulCreate', `Created virtual machine instance ${instance.metadata.name}`);
    } catch (error) {
      this.#record(set, 'Warning', 'FailedCreate', `No virtual machine instance: ${(error as Error).message}`);
      throw error;
    }
  }

  async #deleteAll(set: Readonly<ReplicaSet>, list: readonly Readonly<Instance>[]): Promise<void> {
    await all(
      list.map(async (instance) => {
        const { name, uid = '' } = instance.metadata;
        await this.#options.client.delete(instances, instance.metadata, { uid });
        this.#expectations.expect(keyOf(set.metadata), 'deleted', instance);
        this.#record(set, 'Normal', 'SuccessfulDelete', `Deleted virtual machine instance ${name}`);
      }),
    );
  }

  async #writeStatus(
    set: Readonly<ReplicaSet>,
    active: readonly Readonly<Instance>[],
    failure: Error | undefined,
  ): Promise<void> {
    const { status, spec } = set;
    const ready = active.filter((instance) =>
      hasCondition(instance.status?.conditions, { type: 'Ready', status: 'True' }),
    );
    const labelSelector = formatSelector(spec.selector);
    const isPaused = hasCondition(status?.conditions ?? [], { type: 'ReplicaPaused' });
    const hasFailed = hasCondition(status?.conditions ?? [], { type: 'ReplicaFailure' });
    const same =
      (status?.replicas ?? 0) === active.length &&
      (status?.readyReplicas ?? 0) === ready.length &&
      Boolean(spec.paused) === isPaused &&
      Boolean(failure) === hasFailed &&
      status?.labelSelector === labelSelector;
    if (same) return;
    const conditions = this.#conditions(set, active.length, failure);
    await this.#options.client.mergePatch(
      replicaSets,
      set.metadata,
      {
        metadata: { resourceVersion: set.metadata.resourceVersion },
        // KubeVirt leaves out what is 0.
        status: {
          replicas: active.length || null,
          readyReplicas: ready.length || null,
          labelSelector,
          conditions: conditions.length > 0 ? conditions : null,
        },
      },
      { subresource: 'status' },
    );
  }

  #conditions({ status, spec }: Readonly<ReplicaSet>, active: number, failure: Error | undefined): Condition[] {
    const now = timestamp(new Date(this.#options.clock.now()));
    const kept = (status?.conditions ?? []).filter(
      ({ type }) => (type !== 'ReplicaPaused' || spec.paused) && (type !== 'ReplicaFailure' || failure),
    );
    const add = (type: string, reason: string, message: string) => {
      if (hasCondition(kept, { type })) return;
      kept.push({ type, status: 'True', reason, message, lastProbeTime: null, lastTransitionTime: now });
    };
    if (spec.paused) add('ReplicaPaused', 'Paused', 'The replica set is paused');
    const reason = active < (spec.replicas ?? 1) ? 'FailedCreate' : 'FailedDelete';
    if (failure) add('ReplicaFailure', reason, failure.message);
    return kept;
  }

  #record(object: Readonly<ReplicaSet>, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const regarding = { resource: replicaSets as Resource, object: object as KubernetesObject };
    this.#options.recorder.record(regarding, { type, reason, message, action: reason });
  }
}

/** All are tried; the first failure is told. */
async function all(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}

function isFinal({ status }: Readonly<Instance>): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function isActive(instance: Readonly<Instance>): boolean {
  return !isFinal(instance) && !instance.metadata.deletionTimestamp;
}

/** Its pod ends, so the instance is as good as gone. */
function isEnding({ status }: Readonly<Instance>): boolean {
  return hasCondition(status?.conditions, { type: 'Ready', status: 'False', reason: 'PodTerminating' });
}

function ownerReference({ metadata }: Readonly<ReplicaSet>) {
  return {
    apiVersion: 'kubevirt.io/v1',
    kind: replicaSets.kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    controller: true,
    blockOwnerDeletion: true,
  };
}
