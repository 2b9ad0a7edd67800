import { release } from 'node:os';
import type { Node } from '@osv/operator/kubernetes';
import { timestamp } from '../time.ts';
import type { ManagedNode } from './managed-node.ts';

/** Where the agent's processes are, as seen from the API server. */
export const hostAddress = '127.0.0.1';

/** Each guest takes one of each (virt-handler's device plugins offer as many by default). */
const virtualDevicesMin = 1000;
const virtualDevices = ['kvm', 'tun', 'vhost-net'] as const;

/** Metadata of the Node: what the scheduler and KubeVirt's controllers look for. */
export function nodeMetadata(node: ManagedNode, now: number): Node {
  return {
    metadata: {
      name: node.name,
      labels: {
        'kubernetes.io/hostname': node.name,
        'kubernetes.io/arch': 'amd64',
        'kubernetes.io/os': 'linux',
        'kubevirt.io/schedulable': 'true',
        'machine-type.node.kubevirt.io/q35': 'true',
        ...node.labels,
      },
      // KubeVirt's node controller takes a node without a fresh one for dead.
      annotations: { 'kubevirt.io/heartbeat': timestamp(now) },
    },
  };
}

/** What a node's kubelet says about itself. */
export interface Kubelet {
  readonly port: number;
  /** Such as v1.37.2. */
  readonly version: string;
}

/** Status of the Node as a kubelet reports it. */
export function nodeStatus(node: ManagedNode, now: number, kubelet: Kubelet): NonNullable<Node['status']> {
  const resources = {
    cpu: `${node.cpus}`,
    memory: `${node.memoryMebibytes}Mi`,
    pods: `${node.pods}`,
    'ephemeral-storage': `${node.pods}Gi`,
    ...Object.fromEntries(
      virtualDevices.map((name) => [`devices.kubevirt.io/${name}`, `${Math.max(virtualDevicesMin, node.pods)}`]),
    ),
  };
  const condition = (type: string, status: 'True' | 'False', reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: timestamp(now),
    lastTransitionTime: timestamp(now),
  });
  return {
    capacity: resources,
    allocatable: resources,
    // No host name: the API server would rather use it, and nobody resolves it.
    addresses: [{ type: 'InternalIP', address: hostAddress }],
    daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } } as never,
    conditions: [
      condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
      condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
      condition('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
      condition('Ready', 'True', 'KubeletReady', 'the node agent is running'),
    ],
    nodeInfo: {
      architecture: 'amd64',
      operatingSystem: 'linux',
      osImage: 'osv node agent',
      kernelVersion: release(),
      kubeletVersion: kubelet.version,
      kubeProxyVersion: kubelet.version,
      containerRuntimeVersion: 'osv://0.1.0',
      machineID: node.name,
      systemUUID: node.name,
      bootID: node.name,
    },
  };
}
