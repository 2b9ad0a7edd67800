import { type ApiClient, resources } from '@osv/operator/kubernetes';
import { type Clock, type Logger, sleep, systemClock } from '@osv/operator/reconcile-runtime';
import { microTimestamp } from '../time.ts';
import type { ManagedNode } from './managed-node.ts';
import { type Kubelet, nodeMetadata, nodeStatus } from './node-object.ts';

const leaseNamespace = 'kube-node-lease';
/** A kubelet's own figures. */
const leaseSeconds = 40;
const renewSeconds = 10;
/** virt-handler's heart-beat; the node's status goes with it. */
const statusSeconds = 60;

export interface HeartbeatOptions {
  client: ApiClient;
  logger: Logger;
  kubelet: Kubelet;
  clock?: Clock;
}

/** Registers nodes, and keeps saying that they live. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #clock: Clock;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Creates the Node, or takes over one of its name, and reports it ready. */
  async register(node: ManagedNode): Promise<void> {
    const { client } = this.#options;
    const registered = await client.apply(resources.nodes, nodeMetadata(node, this.#clock.now()));
    node.uid = registered.metadata.uid;
    node.podRange = registered.spec?.podCIDR ?? node.podRange;
    await this.#report(node);
    await this.#renew(node);
  }

  /** Renews until the signal is aborted, except while the node is lost. */
  async run(node: ManagedNode, signal: AbortSignal): Promise<void> {
    let reportedAt = this.#clock.monotonic();
    while (!signal.aborted) {
      await sleep(this.#clock, renewSeconds * 1000, signal);
      if (signal.aborted || node.lost) continue;
      try {
        await this.#renew(node);
        if (this.#clock.monotonic() - reportedAt < statusSeconds * 1000) continue;
        const seen = await this.#options.client.apply(resources.nodes, nodeMetadata(node, this.#clock.now()));
        node.podRange = seen.spec?.podCIDR ?? node.podRange;
        await this.#report(node);
        reportedAt = this.#clock.monotonic();
      } catch (error) {
        this.#options.logger.warn({ err: error, node: node.name }, 'The heart-beat of a node was not heard');
      }
    }
  }

  async #report(node: ManagedNode): Promise<void> {
    const { client, kubelet } = this.#options;
    const current = await client.get(resources.nodes, { name: node.name });
    const status = nodeStatus(node, this.#clock.now(), kubelet);
    for (const condition of status.conditions ?? []) {
      const old = current?.status?.conditions?.find(({ type }) => type === condition.type);
      if (old?.status === condition.status && old.lastTransitionTime) {
        condition.lastTransitionTime = old.lastTransitionTime;
      }
    }
    await client.apply(resources.nodes, { metadata: { name: node.name }, status }, { subresource: 'status' });
  }

  async #renew(node: ManagedNode): Promise<void> {
    await this.#options.client.apply(resources.leases, {
      metadata: {
        namespace: leaseNamespace,
        name: node.name,
        ...(node.uid && {
          ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.name, uid: node.uid }],
        }),
      },
      spec: {
        holderIdentity: node.name,
        leaseDurationSeconds: leaseSeconds,
        renewTime: microTimestamp(this.#clock.now()),
      },
    });
  }
}
