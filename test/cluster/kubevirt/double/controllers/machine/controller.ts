import { isDeepStrictEqual } from 'node:util';
import { type ApiClient, type KubernetesObject, type Resource, referenceOf } from '@osv/operator/kubernetes';
import type { Clock, EventRecorder } from '@osv/operator/reconcile-runtime';
import { annotations, finalizers } from '../../kubevirt-names.ts';
import type { Instance, Machine } from '../../types.ts';
import type { Caches } from '../caches.ts';
import { Expectations } from '../expectations.ts';
import { instances } from '../instance/controller.ts';
import { mergeDiff } from '../merge-patch.ts';
import { nextStatus } from './next-status.ts';
import { machineReference, machines } from './resource.ts';
import { needsRestart, Revisions } from './revisions.ts';
import { decide, isFinal } from './run-strategy.ts';

export interface MachineControllerOptions {
  client: ApiClient;
  caches: Caches;
  recorder: EventRecorder;
  clock: Clock;
  random: () => number;
}

type Problem = { reason: string; message: string };

/**
 * Starts and stops the instance of a VirtualMachine as its run strategy says (pkg/virt-controller/watch/vm of KubeVirt,
 * without live updates, instance types and DataVolumes).
 */
export class MachineController {
  readonly #options: MachineControllerOptions;
  readonly #expectations: Expectations<Instance>;
  readonly #revisions: Revisions;
  /** UID by key, to forget what is kept of machines that are gone. */
  readonly #uids = new Map<string, string>();
  /** What is under way by key, until the cache shows it. */
  readonly #underWay = new Map<string, 'start' | 'stop'>();

  constructor(options: MachineControllerOptions) {
    this.#options = options;
    this.#expectations = new Expectations(options.caches.instances, options.clock);
    this.#revisions = new Revisions(options.client);
  }

  async reconcile(key: string): Promise<{ requeueAfterSeconds?: number } | undefined> {
    const machine = this.#options.caches.machines.get(referenceOf(key));
    if (!machine) {
      this.#forget(key);
      return undefined;
    }
    this.#uids.set(key, machine.metadata.uid ?? '');
    if (await this.#prepare(machine)) return undefined;
    const instance = await this.#claim(machine);
    let requeueAfterSeconds: number | undefined;
    let problem: Problem | undefined;
    if (this.#expectations.satisfied(key)) {
      this.#underWay.delete(key);
      try {
        requeueAfterSeconds = await this.#sync(key, machine, instance);
      } catch (error) {
        problem = { reason: 'FailedCreate', message: (error as Error).message };
      }
    } else requeueAfterSeconds = 1;

    await this.#writeStatus(key, machine, instance, problem);
    if (instance && isFinal(instance)) await this.#release(instance);
    if (problem) throw new Error(problem.message);
    return requeueAfterSeconds === undefined ? undefined : { requeueAfterSeconds };
  }

  #forget(key: string): void {
    this.#expectations.forget(key);
    this.#underWay.delete(key);
    this.#revisions.forget(this.#uids.get(key) ?? '');
    this.#uids.delete(key);
  }

  /** Notes the API's version and sets the finalizer. @returns whether something was written, which calls us again */
  async #prepare({ metadata }: Readonly<Machine>): Promise<boolean> {
    const seen = { [annotations.latestApiVersion]: 'v1', [annotations.storageApiVersion]: 'v1' };
    const { resourceVersion, deletionTimestamp } = metadata;
    const present = metadata.finalizers ?? [];
    const changes: Record<string, unknown> = {};
    if (Object.entries(seen).some(([name, version]) => metadata.annotations?.[name] !== version)) {
      changes.annotations = seen;
    }
    if (!deletionTimestamp && !present.includes(finalizers.machine)) {
      changes.finalizers = [...present, finalizers.machine];
    }
    if (Object.keys(changes).length === 0) return false;
    await this.#options.client.mergePatch(machines, metadata, { metadata: { resourceVersion, ...changes } });
    return true;
  }

  /** The instance of the machine's name, if it belongs to the machine or to nobody. */
  async #claim(machine: Readonly<Machine>): Promise<Readonly<Instance> | undefined> {
    const instance = this.#options.caches.instances.get(machine.metadata);
    if (!instance) return undefined;
    const { ownerReferences = [], resourceVersion, deletionTimestamp } = instance.metadata;
    const owner = ownerReferences.find(({ controller }) => controller);
    if (owner) return owner.uid === machine.metadata.uid ? instance : undefined;
    if (deletionTimestamp || machine.metadata.deletionTimestamp) return undefined;
    const metadata = { resourceVersion, ownerReferences: [...ownerReferences, machineReference(machine)] };
    return this.#options.client.mergePatch(instances, instance.metadata, { metadata });
  }

  /** @returns after how many seconds to look again */
  async #sync(
    key: string,
    machine: Readonly<Machine>,
    instance: Readonly<Instance> | undefined,
  ): Promise<number | undefined> {
    if (machine.metadata.deletionTimestamp) {
      if (instance) await this.#stop(key, machine, instance);
      else await this.#removeFinalizer(machine);
      return undefined;
    }
    if (instance) await this.#noteGeneration(machine, instance);
    const decision = decide({ machine, instance, now: this.#options.clock.now() });
    if (decision.action === 'wait') return decision.seconds;
    if (decision.action === 'start') await this.#start(key, machine);
    if (decision.action === 'always') {
      const spec = machine.spec.runStrategy ? { runStrategy: 'Always' } : { running: true };
      const { resourceVersion } = machine.metadata;
      await this.#options.client.mergePatch(machines, machine.metadata, { metadata: { resourceVersion }, spec });
    }
    if (decision.action === 'stop' && instance) {
      await this.#stop(key, machine, instance);
      if (decision.again) await this.#askForStart(machine);
    }
    return undefined;
  }

  async #start(key: string, machine: Readonly<Machine>): Promise<void> {
    const { template } = machine.spec;
    const { name, namespace = '', generation = 0 } = machine.metadata;
    const revision = await this.#revisions.record(machine);
    const given = template.metadata ?? {};
    const spec = structuredClone(template.spec) as Instance['spec'];
    if (machine.status?.stateChangeRequests?.[0]?.data?.paused === 'true') spec.startStrategy = 'Paused';
    const wanted = {
      metadata: {
        ...(given as object),
        name,
        namespace,
        annotations: { ...given.annotations, [annotations.machineGeneration]: `${generation}` },
        finalizers: [...(given.finalizers ?? []), finalizers.machine],
        ownerReferences: [machineReference(machine)],
      },
      spec,
      status: { virtualMachineRevisionName: revision },
    } as Instance;
    try {
      const instance = await this.#options.client.create(instances, wanted);
      this.#expect(key, 'start', instance);
      this.#record(machine, 'Normal', 'SuccessfulCreate', `Created virtual machine instance ${name}`);
    } catch (error) {
      this.#record(machine, 'Warning', 'FailedCreate', `No virtual machine instance: ${(error as Error).message}`);
      throw error;
    }
  }

  async #stop(key: string, machine: Readonly<Machine>, instance: Readonly<Instance>): Promise<void> {
    const { name, uid = '', deletionTimestamp } = instance.metadata;
    if (deletionTimestamp) return;
    await this.#options.client.delete(instances, instance.metadata, { uid });
    this.#expect(key, 'stop', instance);
    this.#record(machine, 'Normal', 'SuccessfulDelete', `Deleted virtual machine instance ${name}`);
  }

  #expect(key: string, what: 'start' | 'stop', instance: Readonly<Instance>): void {
    this.#expectations.expect(key, what === 'start' ? 'created' : 'deleted', instance);
    this.#underWay.set(key, what);
  }

  async #askForStart({ metadata, status }: Readonly<Machine>): Promise<void> {
    const stateChangeRequests = [...(status?.stateChangeRequests ?? []), { action: 'Start' }];
    const patch = { status: { stateChangeRequests } };
    await this.#options.client.mergePatch(machines, metadata, patch, { subresource: 'status' });
  }

  async #removeFinalizer({ metadata }: Readonly<Machine>): Promise<void> {
    const { resourceVersion, finalizers: present = [] } = metadata;
    if (!present.includes(finalizers.machine)) return;
    const rest = present.filter((name) => name !== finalizers.machine);
    await this.#options.client.mergePatch(machines, metadata, { metadata: { resourceVersion, finalizers: rest } });
  }

  /** Its end has been noted in the machine's status, so the instance may go. */
  async #release({ metadata }: Readonly<Instance>): Promise<void> {
    const { resourceVersion, finalizers: present = [] } = metadata;
    if (!present.includes(finalizers.machine)) return;
    const rest = present.filter((name) => name !== finalizers.machine);
    await this.#options.client.mergePatch(instances, metadata, { metadata: { resourceVersion, finalizers: rest } });
  }

  /** A new generation with the same template is the instance's generation too. */
  async #noteGeneration(machine: Readonly<Machine>, instance: Readonly<Instance>): Promise<void> {
    const generation = `${machine.metadata.generation ?? 0}`;
    if (instance.metadata.annotations?.[annotations.machineGeneration] === generation) return;
    const started = await this.#startedSpec(machine, instance);
    if (!started || !isDeepStrictEqual(started.template, machine.spec.template)) return;
    const metadata = { annotations: { [annotations.machineGeneration]: generation } };
    await this.#options.client.mergePatch(instances, instance.metadata, { metadata });
  }

  async #startedSpec(machine: Readonly<Machine>, { status }: Readonly<Instance>): Promise<Machine['spec'] | undefined> {
    const name = status?.virtualMachineRevisionName;
    return name ? this.#revisions.specOf(machine, name) : undefined;
  }

  async #writeStatus(
    key: string,
    machine: Readonly<Machine>,
    instance: Readonly<Instance> | undefined,
    problem: Problem | undefined,
  ): Promise<void> {
    const { client, clock, random } = this.#options;
    const started = instance && (await this.#startedSpec(machine, instance));
    const underWay = this.#underWay.get(key);
    const status = nextStatus({
      machine,
      instance,
      isStarting: underWay === 'start',
      isStopping: underWay === 'stop',
      hasUnboundClaim: this.#hasUnboundClaim(machine),
      needsRestart: started !== undefined && needsRestart(started.template.spec, machine.spec.template.spec),
      problem,
      now: clock.now(),
      random,
    });
    const changed = mergeDiff(machine.status ?? {}, status) as Record<string, unknown> | undefined;
    if (!changed) return;
    const { resourceVersion } = machine.metadata;
    // After a start was asked for there is another version of the machine: a conflict, and the status is written next time.
    await client.mergePatch(
      machines,
      machine.metadata,
      { metadata: { resourceVersion }, status: changed },
      { subresource: 'status' },
    );
  }

  #hasUnboundClaim({ metadata, spec }: Readonly<Machine>): boolean {
    return (spec.template.spec.volumes ?? []).some(({ persistentVolumeClaim, dataVolume }) => {
      const name = persistentVolumeClaim?.claimName ?? dataVolume?.name;
      if (!name) return false;
      const claim = this.#options.caches.claims.get({ namespace: metadata.namespace ?? '', name });
      return claim !== undefined && claim.status?.phase !== 'Bound';
    });
  }

  #record(object: Readonly<Machine>, type: 'Normal' | 'Warning', reason: string, message: string): void {
    const regarding = { resource: machines as Resource, object: object as KubernetesObject };
    this.#options.recorder.record(regarding, { type, reason, message, action: reason });
  }
}
