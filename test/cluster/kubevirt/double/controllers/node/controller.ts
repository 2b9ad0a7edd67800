import {
  type ApiClient,
  type KubernetesObject,
  type Node,
  type Pod,
  type Resource,
  referenceOf,
  resources,
} from '@osv/operator/kubernetes';
import type { Clock, EventRecorder } from '@osv/operator/reconcile-runtime';
import { annotations, labels } from '../../kubevirt-names.ts';
import type { Instance } from '../../types.ts';
import type { Caches } from '../caches.ts';
import { instances } from '../instance/controller.ts';
import { isFinished } from '../instance/pods.ts';

export interface NodeControllerOptions {
  client: ApiClient;
  caches: Caches;
  recorder: EventRecorder;
  clock: Clock;
}

/** heartBeatTimeout and recheckInterval of node.go. */
const heartbeatMillisecondsMax = 5 * 60_000;
const recheckSeconds = 60;
const reason = 'NodeUnresponsive';

/**
 * Gives up what ran on a node whose virt-handler says nothing any more, or that is gone: it takes no more guests, and
 * those whose launcher pod does not live have failed (pkg/virt-controller/watch/node of KubeVirt). An instance whose pod
 * nobody has ended stays as it is, since its guest may run on.
 */
export class NodeController {
  readonly #options: NodeControllerOptions;

  constructor(options: NodeControllerOptions) {
    this.#options = options;
  }

  async reconcile(name: string): Promise<{ requeueAfterSeconds?: number } | undefined> {
    const node = this.#options.caches.nodes.get(referenceOf(name));
    if (isUnresponsive(node, this.#options.clock.now())) {
      if (node?.metadata.labels?.[labels.schedulable] === 'true') await this.#close(node);
      for (const instance of this.#withoutLivingPod(name)) await this.#fail(instance);
    }
    return node && { requeueAfterSeconds: recheckSeconds };
  }

  async #close(node: Readonly<Node>): Promise<void> {
    const change = { metadata: { labels: { [labels.schedulable]: 'false' } } };
    await this.#options.client.mergePatch(resources.nodes, node.metadata, change);
    this.#record(resources.nodes as Resource, node, 'virt-handler says nothing, so the node takes no more guests');
  }

  #withoutLivingPod(node: string): Readonly<Instance>[] {
    const { pods, instances: all } = this.#options.caches;
    return all.byIndex('node', node).filter(({ metadata, status }) => {
      if (status?.phase !== 'Running' && status?.phase !== 'Scheduled') return false;
      const own = pods.byIndex('controller', metadata.uid ?? '').filter(({ spec }) => spec?.nodeName === node);
      return !own.some(isAlive);
    });
  }

  async #fail(instance: Readonly<Instance>): Promise<void> {
    this.#record(instances as Resource, instance, `virt-handler on node ${instance.status?.nodeName} says nothing`);
    await this.#options.client.mergePatch(instances, instance.metadata, { status: { phase: 'Failed', reason } });
  }

  #record(resource: Resource, object: Readonly<KubernetesObject>, message: string): void {
    this.#options.recorder.record({ resource, object }, { type: 'Normal', reason, message, action: reason });
  }
}

/** A node without a heart-beat is one that KubeVirt does not know. */
function isUnresponsive(node: Readonly<Node> | undefined, now: number): boolean {
  if (!node) return true;
  const heard = node.metadata.annotations?.[annotations.heartbeat];
  return heard !== undefined && Date.parse(heard) < now - heartbeatMillisecondsMax;
}

/** A pod that is being deleted lives until its containers have ended (alivePodsOnNode). */
function isAlive(pod: Readonly<Pod>): boolean {
  const containers = pod.status?.containerStatuses ?? [];
  return !isFinished(pod) && !(containers.length > 0 && containers.every(({ state }) => state?.terminated));
}
