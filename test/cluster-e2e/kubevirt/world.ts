import { type KubernetesObject, type Pod, type Resource, resources } from '@osv/operator/kubernetes';
import type { OwnedCluster } from '../../cluster/cluster.ts';
import { guestSpec } from '../../cluster/kubevirt/double/samples.ts';
import type { Instance, Machine, ReplicaSet, Spec } from '../../cluster/kubevirt/double/types.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import type { PlayedNode } from '../support/played-node.ts';

export const instances = resources.virtualMachineInstances as Resource as Resource<Instance>;
export const replicaSets = resources.virtualMachineInstanceReplicaSets as Resource as Resource<ReplicaSet>;
export const machines = resources.virtualMachines as Resource as Resource<Machine>;

const secondsMax = 90;

/** One namespace of a cluster with KubeVirt and a node that the test plays. */
export class World {
  readonly cluster: OwnedCluster;
  readonly node: PlayedNode;
  readonly namespace: string;

  constructor(cluster: OwnedCluster, node: PlayedNode, namespace: string) {
    this.cluster = cluster;
    this.node = node;
    this.namespace = namespace;
  }

  get client(): OwnedCluster['client'] {
    return this.cluster.client;
  }

  /** The object, once it is as wanted. */
  async until<T extends KubernetesObject>(
    resource: Resource<T>,
    name: string,
    sentence: string,
    holds: (object: T) => boolean,
  ): Promise<T> {
    let found: T | undefined;
    const check = async () => {
      found = await this.client.get(resource, { namespace: this.namespace, name });
      return found !== undefined && holds(found);
    };
    await waitUntil(`${resource.kind} ${name} ${sentence}`, check, { secondsMax }).catch((error: Error) => {
      throw new Error(`${error.message}; it is ${JSON.stringify(found, null, 1)}`);
    });
    return found as T;
  }

  async untilGone(resource: Resource, name: string): Promise<void> {
    const isGone = async () => (await this.client.get(resource, { namespace: this.namespace, name })) === undefined;
    await waitUntil(`${resource.kind} ${name} is gone`, isGone, { secondsMax });
  }

  phase(name: string, phase: string): Promise<Instance> {
    return this.until(instances, name, `is ${phase}`, ({ status }) => status?.phase === phase);
  }

  /** The pod of an instance, once the scheduler has chosen a node. */
  async podOf({ metadata }: Instance): Promise<Pod> {
    let pod: Pod | undefined;
    const isBound = async () => {
      const labelSelector = `kubevirt.io/created-by=${metadata.uid}`;
      const { items } = await this.client.list(resources.pods, { namespace: this.namespace, labelSelector });
      pod = items[0];
      return pod?.spec?.nodeName !== undefined;
    };
    await waitUntil(`the pod of ${metadata.name} has a node`, isBound, { secondsMax });
    return pod as Pod;
  }

  async startInstance(name: string, change: (spec: Spec) => unknown = () => {}): Promise<Instance> {
    const spec = guestSpec();
    change(spec);
    const metadata = { name, namespace: this.namespace, labels: { 'osvapp.dev/app': 'redis' } };
    return this.client.create(instances, { metadata, spec });
  }

  /** Up to the moment at which the guest runs, its pod not ready yet. */
  async bringUp(instance: Instance): Promise<{ pod: Pod; running: Instance }> {
    const pod = await this.podOf(instance);
    await this.node.runPod(pod);
    const scheduled = await this.phase(instance.metadata.name, 'Scheduled');
    const interfaces = [
      { name: 'default', ipAddress: '10.244.0.5', ipAddresses: ['10.244.0.5'], mac: '02:00:00:00:00:01' },
    ];
    const earlier = scheduled.status?.phaseTransitionTimestamps ?? [];
    const transition = { phase: 'Running', phaseTransitionTimestamp: new Date().toISOString() };
    const phaseTransitionTimestamps = [...earlier, transition];
    await this.node.setGuest(scheduled, { phase: 'Running', interfaces, phaseTransitionTimestamps });
    const running = await this.until(instances, instance.metadata.name, 'knows its interface', ({ status }) =>
      Boolean(status?.interfaces?.[0]?.podInterfaceName),
    );
    return { pod, running };
  }

  /** The guest has ended; its pod ends too, and is removed if it is being deleted, as a kubelet does. */
  async end(instance: Instance, pod: Pod, phase: 'Succeeded' | 'Failed'): Promise<void> {
    await this.node.setGuest(instance, { phase });
    const { metadata } = await this.node.endPod(pod, 0);
    if (metadata.deletionTimestamp) await this.node.removePod(pod);
  }

  /** All that belong to an owner, the oldest first. */
  async owned(uid: string | undefined): Promise<Instance[]> {
    const { items } = await this.client.list(instances, { namespace: this.namespace });
    return items
      .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid))
      .toSorted((left, right) =>
        `${left.metadata.creationTimestamp}`.localeCompare(`${right.metadata.creationTimestamp}`),
      );
  }
}

export function hasReady(
  object: { status?: { conditions?: { type: string; status: string }[] } | null },
  status: string,
) {
  return (
    object.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === status) ?? false
  );
}
