import { NodeAgentError } from '../error.ts';

/** Where something that is reached at an address of the cluster listens on this machine. */
export type LoopbackOf = (address: string) => string;

/** Pods live here: EndpointSlices refuse loopback addresses. */
const podNetwork = /^10\.244\.(\d{1,3}\.\d{1,3})$/;

/**
 * With the prefix 127.244 a pod with the address 10.244.X.Y listens on 127.244.X.Y; other addresses stay as they are.
 * Clusters on one machine have different prefixes.
 */
export function loopbackMapping(prefix = '127.244'): LoopbackOf {
  return (address) => address.replace(podNetwork, `${prefix}.$1`);
}

/**
 * Every address of an IPv4 range but the first and the last one, in order.
 *
 * @param range such as 10.244.16.0/20
 * @throws NodeAgentError invalid-argument
 */
export function* hostsOf(range: string): Generator<string> {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(range);
  const prefixLength = Number(match?.[5]);
  if (!match || prefixLength > 30) throw new NodeAgentError('invalid-argument', `"${range}" is no range of addresses.`);
  const base = match.slice(1, 5).reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - prefixLength);
  const first = base - (base % size);
  for (let host = first + 1; host < first + size - 1; host++) {
    yield [24, 16, 8, 0].map((shift) => Math.floor(host / 2 ** shift) % 256).join('.');
  }
}
