import { setTimeout as delay } from 'node:timers/promises';
import {
  type ApiClient,
  keyOf,
  type Pod,
  referenceOf,
  resources,
  type VirtualMachineInstance,
} from '@osv/operator/kubernetes';
import type { Clock, EventRecorder, Logger, ObjectCache, ReconcileOutcome } from '@osv/operator/reconcile-runtime';
import type { ContainerPods } from '../containers/container-pods.ts';
import type { Faults } from '../control/faults.ts';
import { messageOf } from '../error.ts';
import type { GuestEntry, GuestTable } from '../guests/guest-table.ts';
import type { ImageStore } from '../images/image-store.ts';
import { imagesOf } from '../machine/plan.ts';
import type { LoopbackOf } from '../network/loopback.ts';
import type { AddressLease, PodAddresses } from '../network/pod-addresses.ts';
import type { ManagedNode } from '../node/managed-node.ts';
import { PodHealth } from './health.ts';
import { computeContainer, guestOfPod, isFinal, isTerminal } from './launcher.ts';
import { alreadySays, type PodState, podStatus } from './pod-status.ts';

export interface PodControllerOptions {
  client: ApiClient;
  pods: ObjectCache<Pod>;
  vmis: ObjectCache<VirtualMachineInstance>;
  nodes: ReadonlyMap<string, ManagedNode>;
  guests: GuestTable;
  images: ImageStore;
  addresses: PodAddresses;
  loopbackOf: LoopbackOf;
  faults: Faults;
  /** Takes the pods that are no launchers. */
  ordinary: ContainerPods;
  /** Called when a pod's verdict about its guest has changed. */
  enqueue: (podKey: string) => void;
  /** Called when a pod is gone and nothing of its guest is needed any more. */
  onGone: (vmiUid: string) => void;
  events: EventRecorder;
  logger: Logger;
  clock: Clock;
  /** A kubelet waits so long after the first failed pull, then twice as long each time. Default 10. */
  pullBackOffSeconds?: number;
}

/** A launcher pod that this process runs. */
interface RunningPod {
  readonly uid: string;
  readonly guestUid: string;
  readonly lease: AddressLease;
  readonly startedAt: number;
  readonly health: PodHealth;
}

/** A pod whose images cannot be pulled so far. */
interface WaitingPod {
  readonly uid: string;
  readonly state: PodState & { kind: 'waiting' };
  readonly failures: number;
  /** Milliseconds of the clock. */
  readonly retryAt: number;
}

const pullBackOffSecondsMax = 300;
const exitCodes = { done: 0, failed: 1, killed: 137 } as const;

/** What a kubelet does for launcher pods: from a pod that is bound to one of our nodes to its removal. */
export class PodController {
  readonly #options: PodControllerOptions;
  /** By key; a pod of the same name but another uid is another pod. */
  readonly #running = new Map<string, RunningPod>();
  /** Pods whose images cannot be pulled, by key. */
  readonly #waiting = new Map<string, WaitingPod>();

  constructor(options: PodControllerOptions) {
    this.#options = options;
  }

  /** The address of the running launcher pod of a VMI. */
  addressOf(vmiUid: string): string | undefined {
    for (const pod of this.#options.pods.byIndex('guest', vmiUid)) {
      const running = this.#running.get(keyOf(pod.metadata));
      const alive = running?.uid === pod.metadata.uid && !pod.metadata.deletionTimestamp && !isTerminal(pod);
      if (alive) return running?.lease.address;
    }
    return undefined;
  }

  /** Ends everything about the pods of a node, without a word to anybody. */
  forgetNode(name: string): void {
    for (const pod of this.#options.pods.list()) {
      if (pod.spec?.nodeName !== name) continue;
      this.#forget(keyOf(pod.metadata));
      this.#options.ordinary.forgetOther(keyOf(pod.metadata), undefined);
    }
  }

  stop(): void {
    for (const key of [...this.#running.keys()]) this.#forget(key);
  }

  async reconcile(key: string, signal: AbortSignal): Promise<ReconcileOutcome | undefined> {
    const { pods, nodes, ordinary } = this.#options;
    const pod = pods.get(referenceOf(key));
    this.#forgetOther(key, pod?.metadata.uid);
    ordinary.forgetOther(key, pod?.metadata.uid);
    const node = nodes.get(pod?.spec?.nodeName ?? '');
    if (!pod || !node || node.lost) return undefined;
    const guest = guestOfPod(pod);
    if (!guest) return node.pretend ? this.#refuse(pod) : ordinary.reconcile(pod, node);
    if (pod.metadata.deletionTimestamp) return this.#end(pod, guest.uid);
    if (isTerminal(pod)) return this.#release(pod);
    const running = this.#running.get(key);
    if (running) return this.#keep(pod, running);
    if (pod.status?.phase === 'Running') return this.#afterRestart(pod, node);
    return this.#start(pod, node, signal);
  }

  async #start(pod: Readonly<Pod>, node: ManagedNode, signal: AbortSignal): Promise<ReconcileOutcome | undefined> {
    const { faults, addresses, clock } = this.#options;
    const key = keyOf(pod.metadata);
    const left = this.#backOffSeconds(pod);
    if (left > 0) return { requeueAfterSeconds: left };
    try {
      await this.#pull(pod, node);
    } catch (error) {
      return node.lost ? undefined : this.#wait(pod, messageOf(error));
    }
    this.#waiting.delete(key);
    if (faults.podDelayMilliseconds > 0) await delay(faults.podDelayMilliseconds, undefined, { signal });
    const lease = await addresses.lease(node.podRange, !node.pretend);
    // All of this takes a while, in which the node's power may have been cut.
    if (node.lost) {
      lease.release();
      return undefined;
    }
    this.#run(pod, node, lease, clock.now());
    const running = this.#running.get(key);
    return running && this.#keep(pod, running);
  }

  #run(pod: Readonly<Pod>, node: ManagedNode, lease: AddressLease, startedAt: number): void {
    const { clock, enqueue, guests, events } = this.#options;
    const key = keyOf(pod.metadata);
    const guestUid = guestOfPod(pod)?.uid ?? '';
    const containers = pod.spec?.containers ?? [];
    const health = new PodHealth(containers.find(({ name }) => name === computeContainer) ?? containers[0], {
      podAddress: lease.address,
      loopbackOf: this.#options.loopbackOf,
      pretend: node.pretend,
      clock,
      onChange: () => enqueue(key),
      onUnhealthy: (message) => events.record({ resource: resources.pods, object: pod }, unhealthy(message)),
      // A kubelet ends the container, which is virt-launcher, which stops its guest.
      onDead: () => guests.get(guestUid)?.guest?.stop(),
    });
    this.#running.set(key, { uid: pod.metadata.uid ?? '', guestUid, lease, startedAt, health });
  }

  /** The images of the guest, which KubeVirt makes parts of the pod. */
  async #pull(pod: Readonly<Pod>, node: ManagedNode): Promise<void> {
    const { vmis, client, images, faults } = this.#options;
    const guest = guestOfPod(pod);
    if (!guest) return;
    const vmi = vmis.get(guest) ?? (await client.get(resources.virtualMachineInstances, guest));
    for (const reference of vmi ? imagesOf(vmi.spec) : []) {
      if (!node.pretend) await images.pull(reference);
      else if (faults.pullFailure(reference)) throw new Error(`${reference} cannot be pulled`);
    }
  }

  async #wait(pod: Readonly<Pod>, message: string): Promise<ReconcileOutcome> {
    const { clock, events, pullBackOffSeconds = 10 } = this.#options;
    const key = keyOf(pod.metadata);
    const found = this.#waiting.get(key);
    const before = found?.uid === pod.metadata.uid ? found : undefined;
    const failures = (before?.failures ?? 0) + 1;
    const reason = failures === 1 ? 'ErrImagePull' : 'ImagePullBackOff';
    const state = { kind: 'waiting', reason, message, since: before?.state.since ?? clock.now() } as const;
    const seconds = Math.min(pullBackOffSeconds * 2 ** (failures - 1), pullBackOffSecondsMax);
    this.#waiting.set(key, { uid: pod.metadata.uid ?? '', state, failures, retryAt: clock.now() + seconds * 1000 });
    const regarding = { resource: resources.pods, object: pod };
    events.record(regarding, { type: 'Warning', reason: 'Failed', message, action: 'Pulling' });
    await this.#write(pod, state);
    return { requeueAfterSeconds: seconds };
  }

  /** How long the next pull has to wait: our own change of the status calls us again at once. */
  #backOffSeconds(pod: Readonly<Pod>): number {
    const waiting = this.#waiting.get(keyOf(pod.metadata));
    if (waiting?.uid !== pod.metadata.uid) return 0;
    return Math.max(0, ((waiting?.retryAt ?? 0) - this.#options.clock.now()) / 1000);
  }

  /** A pod that runs, or whose guest has just ended. */
  async #keep(pod: Readonly<Pod>, running: RunningPod): Promise<undefined> {
    const { guests, vmis, clock } = this.#options;
    const { lease, startedAt, health } = running;
    const outcome = guests.get(running.guestUid)?.guest?.outcome;
    if (!outcome) {
      const { started, ready } = health;
      await this.#write(pod, { kind: 'running', podAddress: lease.address, startedAt, started, ready });
      return;
    }
    health.end();
    const guest = guestOfPod(pod);
    const vmi = guest && vmis.get(guest);
    // The VMI first: its controller would take a pod that ended under a running guest for a failure.
    if (vmi && vmi.metadata.uid === guest.uid && !isFinal(vmi)) return;
    const exitCode = outcome.phase === 'Succeeded' ? exitCodes.done : exitCodes.failed;
    const ended = { kind: 'ended', startedAt, endedAt: clock.now(), exitCode, message: outcome.message } as const;
    await this.#write(pod, { ...ended, podAddress: lease.address });
  }

  /** Somebody wants the pod to end: its guest stops, then the pod goes. */
  async #end(pod: Readonly<Pod>, guestUid: string): Promise<ReconcileOutcome | undefined> {
    const { guests, client } = this.#options;
    const uid = pod.metadata.uid ?? '';
    const entry = guests.get(guestUid);
    if (entry && !entry.guest?.outcome) return this.#stopGuest(pod, entry);
    const running = this.#running.get(keyOf(pod.metadata));
    if (running && entry) {
      await this.#keep(pod, running);
      const guest = guestOfPod(pod);
      const vmi = guest && this.#options.vmis.get(guest);
      if (vmi && vmi.metadata.uid === guestUid && !isFinal(vmi)) return undefined;
    }
    await client.delete(resources.pods, pod.metadata, { uid, gracePeriodSeconds: 0 });
    this.#forget(keyOf(pod.metadata));
    this.#options.onGone(guestUid);
    return undefined;
  }

  /** virt-launcher gives the guest the VMI's grace period; the kubelet ends both when the pod's own is over. */
  #stopGuest(pod: Readonly<Pod>, { guest }: GuestEntry): ReconcileOutcome | undefined {
    const left = Date.parse(pod.metadata.deletionTimestamp ?? '') - this.#options.clock.now();
    if (left > 0) {
      guest?.stop();
      return { requeueAfterSeconds: left / 1000 };
    }
    guest?.kill();
    return undefined;
  }

  /**
   * A pod that has ended needs no address. It stays until somebody deletes it, and with it what its guest left: the API
   * server removes such a pod at once, so that nothing but its absence tells.
   */
  #release(pod: Readonly<Pod>): undefined {
    const running = this.#running.get(keyOf(pod.metadata));
    running?.health.end();
    running?.lease.release();
  }

  /** Another process ran this pod, and its guest has ended with it, unless it was only pretended. */
  async #afterRestart(pod: Readonly<Pod>, node: ManagedNode): Promise<undefined> {
    const { addresses, clock } = this.#options;
    const podAddress = pod.status?.podIP;
    const startedAt = Date.parse(pod.status?.startTime ?? '') || clock.now();
    if (node.pretend && podAddress) {
      this.#run(pod, node, addresses.reserve(podAddress), startedAt);
      this.#options.enqueue(keyOf(pod.metadata));
      return;
    }
    const message = 'The node agent started anew, and what it ran is gone.';
    const ended = { kind: 'ended', startedAt, endedAt: clock.now(), exitCode: exitCodes.killed, message } as const;
    await this.#write(pod, { ...ended, podAddress });
  }

  async #refuse(pod: Readonly<Pod>): Promise<undefined> {
    if (pod.metadata.deletionTimestamp) {
      const { uid } = pod.metadata;
      await this.#options.client.delete(resources.pods, pod.metadata, { ...(uid && { uid }), gracePeriodSeconds: 0 });
      return;
    }
    const since = Date.parse(pod.metadata.creationTimestamp ?? '') || 0;
    const message = 'A pretended node runs virt-launcher pods only.';
    await this.#write(pod, { kind: 'waiting', reason: 'CreateContainerError', message, since });
  }

  async #write(pod: Readonly<Pod>, state: PodState): Promise<void> {
    const status = podStatus(pod, state, this.#options.clock.now());
    if (alreadySays(pod.status, status)) return;
    const { namespace = '', name, uid } = pod.metadata;
    await this.#options.client.apply(
      resources.pods,
      { metadata: { namespace, name, ...(uid && { uid }) }, status },
      { subresource: 'status' },
    );
  }

  #forgetOther(key: string, uid: string | undefined): void {
    if (this.#waiting.get(key)?.uid !== uid) this.#waiting.delete(key);
    const running = this.#running.get(key);
    if (!running || running.uid === uid) return;
    this.#forget(key);
    this.#options.onGone(running.guestUid);
  }

  #forget(key: string): void {
    const running = this.#running.get(key);
    running?.health.end();
    running?.lease.release();
    this.#running.delete(key);
    this.#waiting.delete(key);
  }
}

function unhealthy(message: string) {
  return { type: 'Warning', reason: 'Unhealthy', message, action: 'Probing' } as const;
}
