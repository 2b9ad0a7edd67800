import {
  type ApiClient,
  type KubernetesObject,
  keyOf,
  type Pod,
  type Resource,
  referenceOf,
  resourcePath,
  resources,
} from '@osv/operator/kubernetes';
import type { Clock, EventRecorder, ObjectCache } from '@osv/operator/reconcile-runtime';
import { timestamp } from '../../admission/defaults.ts';
import { annotations, labels, unpausedCondition } from '../../kubevirt-names.ts';
import { LaunchError } from '../../launcher-pod/launch-error.ts';
import { launcherPod } from '../../launcher-pod/launcher-pod.ts';
import type { Instance, InstanceStatus } from '../../types.ts';
import type { Caches } from '../caches.ts';
import { hasCondition } from '../conditions.ts';
import { Expectations } from '../expectations.ts';
import { mergeDiff } from '../merge-patch.ts';
import { isHandedOver, nextState, type State, type SyncProblem } from './next-state.ts';
import { currentPod, isFinished } from './pods.ts';

export const instances = resources.virtualMachineInstances as Resource as Resource<Instance>;

export interface InstanceControllerOptions {
  client: ApiClient;
  caches: Caches;
  recorder: EventRecorder;
  launcherImage: string;
  clock: Clock;
  random: () => number;
}

/** Fields of the status that virt-controller writes while the node's agent owns the instance (prepareVMIPatch). */
const sharedFields = [
  'volumeStatus',
  'conditions',
  'activePods',
  'phase',
  'launcherContainerImageVersion',
  'interfaces',
] as const satisfies (keyof InstanceStatus)[];

/**
 * Gives every VirtualMachineInstance its launcher pod and follows it (pkg/virt-controller/watch/vmi of KubeVirt, without
 * migration, hot plug and DataVolumes).
 */
export class InstanceController {
  readonly #options: InstanceControllerOptions;
  readonly #pods: Expectations<Pod>;

  constructor(options: InstanceControllerOptions) {
    this.#options = options;
    this.#pods = new Expectations(options.caches.pods, options.clock);
  }

  async reconcile(key: string): Promise<{ requeueAfterSeconds?: number } | undefined> {
    const { caches, launcherImage } = this.#options;
    const instance = caches.instances.get(referenceOf(key));
    if (!instance) {
      this.#pods.forget(key);
      return undefined;
    }
    if (await this.#noteApiVersion(instance)) return undefined;
    if (!this.#pods.satisfied(key)) return { requeueAfterSeconds: 1 };

    const ownedPods = caches.pods.byIndex('controller', instance.metadata.uid ?? '');
    const { pod, problem } = await this.#sync(instance, ownedPods);
    const state = nextState({
      instance,
      pod,
      ownedPods: pod && !ownedPods.includes(pod) ? [...ownedPods, pod] : ownedPods,
      launcherImage,
      claimOf: (name) => caches.claims.get({ namespace: instance.metadata.namespace ?? '', name }),
      hasMachine: this.#hasMachine(instance),
      problem,
      now: this.#now(),
    });
    if (pod) await this.#updatePod(instance, pod, state);
    await this.#write(instance, state);
    // A claim that comes later changes nothing of the instance; its cache calls us then.
    if (problem && problem.reason !== 'FailedPvcNotFound') throw new Error(problem.message);
    return undefined;
  }

  #now(): string {
    return timestamp(new Date(this.#options.clock.now()));
  }

  /** The first write of all tells which version of the API the controller knows. */
  async #noteApiVersion(instance: Readonly<Instance>): Promise<boolean> {
    const notes = instance.metadata.annotations ?? {};
    const seen = { [annotations.latestApiVersion]: 'v1', [annotations.storageApiVersion]: 'v1' };
    if (Object.entries(seen).every(([name, version]) => notes[name] === version)) return false;
    const { resourceVersion } = instance.metadata;
    const metadata = { resourceVersion, annotations: seen };
    await this.#options.client.mergePatch(instances, instance.metadata, { metadata });
    return true;
  }

  async #sync(
    instance: Readonly<Instance>,
    ownedPods: readonly Readonly<Pod>[],
  ): Promise<{ pod?: Readonly<Pod> | undefined; problem?: SyncProblem }> {
    const pod = currentPod(instance, ownedPods);
    if (instance.metadata.deletionTimestamp) {
      for (const owned of ownedPods) await this.#deletePod(instance, owned);
      return { pod };
    }
    const { phase = 'Pending' } = instance.status ?? {};
    if (pod || phase !== 'Pending') return { pod };
    try {
      return { pod: await this.#createPod(instance) };
    } catch (error) {
      const reason = error instanceof LaunchError ? error.reason : 'FailedCreate';
      const message = `no launcher pod could be made: ${(error as Error).message}`;
      this.#record(instance, 'Warning', reason, message);
      return { problem: { reason, message } };
    }
  }

  async #createPod(instance: Readonly<Instance>): Promise<Pod> {
    const { client, caches, launcherImage, random } = this.#options;
    const { namespace = '' } = instance.metadata;
    const rendered = launcherPod({
      instance: structuredClone(instance) as Instance,
      launcherImage,
      claimOf: (name) => {
        const { spec } = caches.claims.get({ namespace, name }) ?? {};
        return spec && { volumeMode: spec.volumeMode ?? 'Filesystem', accessModes: spec.accessModes ?? [] };
      },
      random,
    });
    const pod = (await client.create(resources.pods as Resource, rendered)) as Pod;
    this.#pods.expect(keyOf(instance.metadata), 'created', pod);
    this.#record(instance, 'Normal', 'SuccessfulCreate', `Created virtual machine pod ${pod.metadata.name}`);
    return pod;
  }

  async #deletePod(instance: Readonly<Instance>, pod: Readonly<Pod>): Promise<void> {
    if (pod.metadata.deletionTimestamp && !isFinished(pod)) return;
    await this.#options.client.delete(resources.pods, pod.metadata, { uid: pod.metadata.uid ?? '' });
    this.#pods.expect(keyOf(instance.metadata), 'deleted', pod);
    this.#record(instance, 'Normal', 'SuccessfulDelete', `Deleted virtual machine pod ${pod.metadata.name}`);
  }

  /** The readiness gate, and the labels that pod and instance share. */
  async #updatePod(instance: Readonly<Instance>, pod: Readonly<Pod>, state: State): Promise<void> {
    const paused = hasCondition(state.status.conditions, { type: 'Paused', status: 'True' });
    const gate = pod.status?.conditions?.find(({ type }) => (type as string) === unpausedCondition);
    if (paused ? gate?.status === 'True' : gate?.status !== 'True') await this.#setGate(pod, !paused);

    const shared = [labels.nodeName, labels.outdatedLauncherImage];
    const changed = shared.filter((name) => instance.metadata.labels?.[name] !== pod.metadata.labels?.[name]);
    if (changed.length === 0) return;
    const patch = Object.fromEntries(changed.map((name) => [name, instance.metadata.labels?.[name] ?? null]));
    await this.#options.client.mergePatch(resources.pods, pod.metadata, { metadata: { labels: patch } });
  }

  /** A strategic merge, because the conditions beside it are the kubelet's. */
  async #setGate(pod: Readonly<Pod>, open: boolean): Promise<void> {
    const now = this.#now();
    const condition = {
      type: unpausedCondition,
      status: open ? 'True' : 'False',
      reason: open ? 'NotPaused' : 'Paused',
      message: open ? 'the guest is not paused' : 'the guest is paused',
      lastProbeTime: now,
      lastTransitionTime: now,
    };
    const answer = await this.#options.client.raw('PATCH', resourcePath(resources.pods, pod.metadata, 'status'), {
      contentType: 'application/strategic-merge-patch+json',
      body: JSON.stringify({ status: { conditions: [condition] } }),
    });
    if (answer.status >= 300 && answer.status !== 404) {
      throw new Error(`The readiness gate of pod ${pod.metadata.name} could not be set: ${answer.body}`);
    }
  }

  async #write(instance: Readonly<Instance>, state: State): Promise<void> {
    const { metadata } = instance;
    const old = { labels: metadata.labels ?? {}, finalizers: metadata.finalizers ?? [], status: instance.status ?? {} };
    const next = isHandedOver(instance) ? { ...state, status: { ...old.status, ...shared(state.status) } } : state;
    const changed = mergeDiff(old, next) as { labels?: object; finalizers?: string[]; status?: object } | undefined;
    if (!changed) return;
    const { status, ...metadataChanges } = changed;
    await this.#options.client.mergePatch(instances, metadata, {
      metadata: { resourceVersion: metadata.resourceVersion, ...metadataChanges },
      ...(status && { status }),
    });
  }

  #hasMachine({ metadata }: Readonly<Instance>): boolean {
    const owner = metadata.ownerReferences?.find(({ controller }) => controller);
    if (owner?.kind !== 'VirtualMachine') return false;
    const machine = this.#options.caches.machines.get({ namespace: metadata.namespace ?? '', name: owner.name });
    return machine?.metadata.uid === owner.uid;
  }

  #record(object: Readonly<Instance>, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const regarding = { resource: instances as Resource, object: object as KubernetesObject };
    this.#options.recorder.record(regarding, { type, reason, message, action: reason });
  }
}

function shared(status: InstanceStatus): Partial<InstanceStatus> {
  return Object.fromEntries(sharedFields.map((field) => [field, status[field]]));
}

/** The controller of an object, by UID; for the index `controller`. */
export function controllerUid({ metadata }: Readonly<KubernetesObject>): string[] {
  return (metadata.ownerReferences ?? []).flatMap(({ controller, uid }) => (controller ? [uid] : []));
}

export type InstanceCache = ObjectCache<Instance>;
