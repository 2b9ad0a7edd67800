import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createApiClient, type Pod, type Resource, resourcePath, resources } from '@osv/operator/kubernetes';
import type { OwnedCluster } from '../../cluster/cluster.ts';
import { kubeconfig } from '../../cluster/control-plane/users.ts';
import { kubevirtNamespace, serviceAccounts } from '../../cluster/kubevirt/double/kubevirt-names.ts';
import type { Instance } from '../../cluster/kubevirt/double/types.ts';

const instances = resources.virtualMachineInstances as Resource as Resource<Instance>;
const nodeName = 'played';
const plenty = {
  cpu: '64',
  memory: '256Gi',
  pods: '200',
  'ephemeral-storage': '500Gi',
  'devices.kubevirt.io/kvm': '1k',
  'devices.kubevirt.io/tun': '1k',
  'devices.kubevirt.io/vhost-net': '1k',
};

/** What the cluster has to be started with, or the node counts as lost when nobody renews its lease. */
export const playedNodeFlags = { 'controller-manager': ['--node-monitor-grace-period=24h'] };

/**
 * A node on which the test itself plays kubelet and virt-handler: it says what state pods and guests are in. virt-handler
 * has a token that is bound to the node, without which KubeVirt refuses its changes.
 */
export async function playNode(cluster: OwnedCluster) {
  const { client } = cluster;
  const labels = {
    'kubevirt.io/schedulable': 'true',
    'machine-type.node.kubevirt.io/q35': 'true',
    'kubernetes.io/arch': 'amd64',
  };
  const node = await client.create(resources.nodes, { metadata: { name: nodeName, labels } });
  const now = new Date().toISOString();
  const ready = { type: 'Ready', status: 'True', reason: 'Played', lastHeartbeatTime: now, lastTransitionTime: now };
  const status = { capacity: plenty, allocatable: plenty, conditions: [ready] };
  await client.mergePatch(resources.nodes, { name: nodeName }, { status }, { subresource: 'status' });
  const handler = createApiClient({
    kubeconfig: await handlerKubeconfig(cluster, node.metadata.uid ?? ''),
    fieldManager: 'virt-handler',
    userAgent: 'virt-handler',
  });
  cluster.onStop(() => handler.close());

  const patchPod = (pod: Pod, change: object) =>
    client.mergePatch(resources.pods, pod.metadata, { status: change }, { subresource: 'status' });

  const heartbeat = (time: string | null) =>
    client.mergePatch(resources.nodes, node.metadata, {
      metadata: { annotations: { 'kubevirt.io/heartbeat': time }, labels: { 'kubevirt.io/schedulable': 'true' } },
    });

  return {
    name: nodeName,

    /** All containers run; `compute` is not ready yet. */
    runPod: (pod: Pod) =>
      patchPod(pod, {
        phase: 'Running',
        podIP: '10.244.0.5',
        podIPs: [{ ip: '10.244.0.5' }],
        conditions: conditions(pod, 'False'),
        containerStatuses: [container({ running: { startedAt: now } }, false)],
      }),

    readyPod: (pod: Pod) =>
      patchPod(pod, {
        conditions: conditions(pod, 'True'),
        containerStatuses: [container({ running: { startedAt: now } }, true)],
      }),

    /** `compute` has ended; a code other than 0 makes the pod a failed one. */
    endPod: (pod: Pod, exitCode: number) =>
      patchPod(pod, {
        phase: exitCode === 0 ? 'Succeeded' : 'Failed',
        containerStatuses: [container({ terminated: { exitCode, startedAt: now, finishedAt: now } }, false)],
      }),

    waitForImage: (pod: Pod, reason: string) =>
      patchPod(pod, { containerStatuses: [container({ waiting: { reason, message: 'no such image' } }, false)] }),

    removePod: (pod: Pod) => client.delete(resources.pods, pod.metadata, { gracePeriodSeconds: 0 }),

    /** virt-handler has said nothing for longer than KubeVirt waits. */
    fallSilent: () => heartbeat(new Date(Date.now() - 3_600_000).toISOString()),

    /** KubeVirt waits for nothing any more. */
    speakAgain: () => heartbeat(null),

    /** As virt-handler does: the object itself, not a status subresource. */
    setGuest: (instance: Instance, change: object) =>
      handler.mergePatch(instances, instance.metadata, { status: change }),
  };
}

export type PlayedNode = Awaited<ReturnType<typeof playNode>>;

function container(state: object, isReady: boolean): object {
  return { name: 'compute', image: 'launcher', imageID: 'sha256:0', ready: isReady, restartCount: 0, state };
}

function conditions({ status }: Pod, ready: 'True' | 'False'): object[] {
  const now = new Date().toISOString();
  const others = (status?.conditions ?? []).filter(({ type }) => type !== 'Ready');
  const reason = ready === 'True' ? {} : { reason: 'ContainersNotReady' };
  return [...others, { type: 'Ready', status: ready, ...reason, lastTransitionTime: now }];
}

async function handlerKubeconfig(cluster: OwnedCluster, uid: string): Promise<string> {
  const account = { namespace: kubevirtNamespace, name: serviceAccounts.handler };
  const boundObjectRef = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid };
  const answer = await cluster.client.raw('POST', resourcePath(resources.serviceAccounts, account, 'token'), {
    contentType: 'application/json',
    body: JSON.stringify({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 86_400, boundObjectRef },
    }),
  });
  const { status } = JSON.parse(answer.body) as { status?: { token: string } };
  if (!status) throw new Error(`no token for virt-handler: ${answer.body}`);
  const file = join(cluster.folder, 'virt-handler.kubeconfig');
  const authority = cluster.certificates.authority.certificate;
  await writeFile(file, kubeconfig(cluster.server, authority, 'virt-handler', status), { mode: 0o600 });
  return file;
}
