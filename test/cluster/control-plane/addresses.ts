import { ClusterError } from '../error.ts';
import { type Lock, tryLock } from '../processes/lock.ts';

/**
 * Where the Services and pods of a cluster live. Both end on loopback addresses of this machine, so that no network
 * name space and no root rights are needed: a clusterIP is one itself, and the node agent maps a pod's address to one
 * (the API server refuses loopback addresses in EndpointSlices).
 */
export interface ClusterAddresses {
  /** Of clusterIPs, such as 127.96.0.0/16. */
  readonly serviceRange: string;
  /** The Service `default/kubernetes`: the first address of the range. */
  readonly kubernetesService: string;
  readonly podRange: string;
  /** The two first bytes of the loopback address of a pod, such as 127.244; its two last ones are the pod's own. */
  readonly podLoopbackPrefix: string;
}

/** Where every process of the control plane listens. */
export const loopback = '127.0.0.1';

/** Prefix length of a node's part of the pods' addresses: 16 nodes with 4,094 pods each. */
export const nodePrefixLength = 20;

const slots = 16;

/** The addresses of the n-th cluster of this machine. */
export function addressesOf(slot: number): ClusterAddresses {
  return {
    serviceRange: `127.${96 + slot}.0.0/16`,
    kubernetesService: `127.${96 + slot}.0.1`,
    podRange: '10.244.0.0/16',
    podLoopbackPrefix: `127.${244 - slot}`,
  };
}

/**
 * Takes addresses that no other cluster of this machine uses; they are free again when this process ends.
 *
 * @throws ClusterError `address-in-use`
 */
export async function reserveAddresses(): Promise<ClusterAddresses & Lock> {
  for (let slot = 0; slot < slots; slot++) {
    const held = await tryLock(`addresses/${slot}`);
    if (held) return { ...addressesOf(slot), release: () => held.release() };
  }
  throw new ClusterError('address-in-use', `${slots} clusters run on this machine already`);
}
