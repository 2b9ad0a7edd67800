import { join } from 'node:path';
import { type ApiClient, keyOf, type ObjectReference, type Pod, resources } from '@osv/operator/kubernetes';
import type { Clock, EventRecorder, Logger, ReconcileOutcome } from '@osv/operator/reconcile-runtime';
import type { ImageStore } from '../images/image-store.ts';
import type { LoopbackOf } from '../network/loopback.ts';
import type { PodAddresses } from '../network/pod-addresses.ts';
import type { ContainerLog } from '../node/kubelet-server.ts';
import type { ManagedNode } from '../node/managed-node.ts';
import { isTerminal } from '../pods/launcher.ts';
import { alreadySays } from '../pods/pod-status.ts';
import { ordinaryPodStatus } from './ordinary-pod-status.ts';
import { RunningPod } from './running-pod.ts';

export interface ContainerPodsOptions {
  client: ApiClient;
  images: ImageStore;
  addresses: PodAddresses;
  loopbackOf: LoopbackOf;
  /** Holds a folder for each pod. */
  folder: string;
  apiServer: { host: string; port: string };
  hostPorts: () => readonly number[];
  events: EventRecorder;
  logger: Logger;
  clock: Clock;
  enqueue: (podKey: string) => void;
}

const graceSecondsDefault = 30;
const exitCodeKilled = 137;

/** What a kubelet does for pods that are no launchers of guests: their containers run as processes of this machine. */
export class ContainerPods {
  readonly #options: ContainerPodsOptions;
  /** By key. */
  readonly #running = new Map<string, RunningPod>();

  constructor(options: ContainerPodsOptions) {
    this.#options = options;
  }

  log(pod: ObjectReference, container: string): ContainerLog | undefined {
    return this.#running.get(keyOf(pod))?.log(container);
  }

  /** Ends what runs under this name when it is another pod, or none any more. */
  forgetOther(key: string, uid: string | undefined): void {
    const running = this.#running.get(key);
    if (!running || running.uid === uid) return;
    this.#running.delete(key);
    running.destroy().catch((err) => this.#options.logger.warn({ err, pod: key }, 'What a pod left cannot be removed'));
  }

  async stop(): Promise<void> {
    const all = [...this.#running.values()];
    this.#running.clear();
    await Promise.all(all.map((running) => running.destroy()));
  }

  async reconcile(pod: Readonly<Pod>, node: ManagedNode): Promise<ReconcileOutcome | undefined> {
    const key = keyOf(pod.metadata);
    const running = this.#running.get(key);
    if (pod.metadata.deletionTimestamp) return this.#end(pod, running);
    if (running) return this.#write(pod, running);
    if (isTerminal(pod)) return undefined;
    const begun = pod.status?.containerStatuses?.some(({ containerID }) => containerID);
    if (begun && pod.spec?.restartPolicy === 'Never') return this.#lost(pod);
    return this.#start(pod, node);
  }

  async #start(pod: Readonly<Pod>, node: ManagedNode): Promise<undefined> {
    const { addresses, images, folder, enqueue, ...others } = this.#options;
    const key = keyOf(pod.metadata);
    const lease = await addresses.lease(node.podRange);
    const running = new RunningPod({
      ...others,
      pod,
      lease,
      folder: join(folder, pod.metadata.uid ?? ''),
      pull: (reference) => images.pull(reference),
      onChange: () => enqueue(key),
    });
    this.#running.set(key, running);
    return this.#write(pod, running);
  }

  /** Somebody wants the pod to end: its programs stop, then the pod goes. */
  async #end(pod: Readonly<Pod>, running: RunningPod | undefined): Promise<undefined> {
    if (running && !running.report.over) {
      const { deletionGracePeriodSeconds } = pod.metadata as { deletionGracePeriodSeconds?: number };
      const grace = deletionGracePeriodSeconds ?? pod.spec?.terminationGracePeriodSeconds ?? graceSecondsDefault;
      void running.stop(grace);
      return this.#write(pod, running);
    }
    // How it ended counts, such as for a Job, even when nobody can look at it for long.
    if (running) await this.#write(pod, running);
    const { uid } = pod.metadata;
    await this.#options.client.delete(resources.pods, pod.metadata, { ...(uid && { uid }), gracePeriodSeconds: 0 });
    this.forgetOther(keyOf(pod.metadata), undefined);
  }

  /** An agent before this one ran it, and its programs ended with that one. */
  async #lost(pod: Readonly<Pod>): Promise<undefined> {
    const now = this.#options.clock.now();
    const message = 'The node agent started anew, and what it ran is gone.';
    const ended = { exitCode: exitCodeKilled, reason: 'Error', message, startedAt: now, endedAt: now };
    const containers = (pod.status?.containerStatuses ?? []).map(({ name, image, imageID, restartCount }) => ({
      ...{ name, image, imageId: imageID, restarts: restartCount, last: undefined },
      state: { kind: 'ended', ...ended } as const,
    }));
    const podAddress = pod.status?.podIP ?? '';
    const report = { podAddress, startedAt: now, over: true, failure: message, initContainers: [], containers };
    await this.#writeStatus(pod, ordinaryPodStatus(pod, report, now));
  }

  async #write(pod: Readonly<Pod>, running: RunningPod): Promise<undefined> {
    await this.#writeStatus(pod, ordinaryPodStatus(pod, running.report, this.#options.clock.now()));
  }

  async #writeStatus(pod: Readonly<Pod>, status: NonNullable<Pod['status']>): Promise<void> {
    if (alreadySays(pod.status, status)) return;
    const { namespace = '', name, uid } = pod.metadata;
    const object = { metadata: { namespace, name, ...(uid && { uid }) }, status };
    await this.#options.client.apply(resources.pods, object, { subresource: 'status' });
  }
}
