import { createSocket } from 'node:dgram';
import { NodeAgentError } from '../error.ts';
import { hostsOf, type LoopbackOf } from './loopback.ts';

export interface AddressLease {
  readonly address: string;
  /** Gives the address back; a second call does nothing. */
  release(): void;
}

/** No guest may use it: the claim of an address among the agents of this machine. */
const claimPort = 65_535;
/** Where pods live when nobody gave the node a range of its own. */
const podRangeDefault = '10.244.0.0/16';

/**
 * Hands out pod addresses. A guest's address is claimed among all agents of this machine, which share its loopback
 * addresses, by a bound UDP socket: the claim ends with the process that holds it. Pretended guests listen nowhere and
 * need no claim.
 */
export class PodAddresses {
  readonly #loopbackOf: LoopbackOf;
  readonly #taken = new Set<string>();
  /** For each range, how many addresses the last search went over: the next one begins behind. */
  readonly #cursors = new Map<string, Generator<string>>();

  constructor(loopbackOf: LoopbackOf) {
    this.#loopbackOf = loopbackOf;
  }

  /** Keeps an address that a pod already has. */
  reserve(address: string): AddressLease {
    this.#taken.add(address);
    return this.#leaseOf(address, () => {});
  }

  /** @throws NodeAgentError addresses-exhausted */
  async lease(range = podRangeDefault, claim = true): Promise<AddressLease> {
    for (let round = 0; round < 2; round++) {
      const cursor = this.#cursors.get(range) ?? hostsOf(range);
      this.#cursors.set(range, cursor);
      for (let next = cursor.next(); !next.done; next = cursor.next()) {
        const address = next.value;
        if (this.#taken.has(address)) continue;
        this.#taken.add(address);
        const end = claim ? await claimAddress(this.#loopbackOf(address)) : () => {};
        if (!end) continue; // Another agent has it; it stays taken for this one.
        return this.#leaseOf(address, end);
      }
      this.#cursors.delete(range);
    }
    throw new NodeAgentError('addresses-exhausted', `All addresses of ${range} are taken.`);
  }

  #leaseOf(address: string, endClaim: () => void): AddressLease {
    let held = true;
    const release = () => {
      if (!held) return;
      held = false;
      endClaim();
      this.#taken.delete(address);
    };
    return { address, release };
  }
}

/** @returns the end of the claim; undefined when somebody else has it */
function claimAddress(address: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const socket = createSocket({ type: 'udp4', reuseAddr: false });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      socket.close();
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    socket.bind({ address, port: claimPort, exclusive: true }, () => {
      socket.unref();
      resolve(() => socket.close());
    });
  });
}
