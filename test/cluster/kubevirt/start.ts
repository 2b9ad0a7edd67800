import type { OwnedCluster } from '../cluster.ts';
import type { ManagedProcess } from '../processes/managed-process.ts';
import { startDouble } from './double/start.ts';
import { startReal } from './real/start.ts';

/** Who judges and carries out KubeVirt's objects: our double of its control plane, or its own programs. */
export type KubeVirtHalf = 'double' | 'real';

export interface KubeVirtOptions {
  readonly half: KubeVirtHalf;
  readonly progress?: (line: string) => void;
}

export interface KubeVirt {
  readonly half: KubeVirtHalf;
  /** Both halves have these two; ended and started by tests as they like. */
  readonly processes: { readonly 'virt-api': ManagedProcess; readonly 'virt-controller': ManagedProcess };
  /** Ends the processes; the objects stay. */
  stop(): Promise<void>;
}

/**
 * Makes the cluster one with KubeVirt: definitions, webhooks, and controllers that make launcher pods. What runs on nodes
 * is the node agent's.
 *
 * @throws ClusterError
 */
export async function startKubeVirt(cluster: OwnedCluster, options: KubeVirtOptions): Promise<KubeVirt> {
  const start = options.half === 'real' ? startReal : startDouble;
  const processes = await start(cluster, options.progress ?? (() => {}));
  return {
    half: options.half,
    processes,
    stop: async () => void (await Promise.all(Object.values(processes).map((process) => process.stop()))),
  };
}
