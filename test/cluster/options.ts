import type { KubeVirtHalf } from './kubevirt/start.ts';
import type { ClusterNodes } from './node-agent/cluster-process.ts';

export type KubevirtKind = KubeVirtHalf | 'none';

export interface ClusterOptions {
  /** Who stands in for KubeVirt. Default none. */
  readonly kubevirt?: KubevirtKind;
  /** What the cluster's nodes are. Default one node that boots guests where there is a KubeVirt, else none. */
  readonly nodes?: ClusterNodes | 'none';
  /** Starts Prometheus with this configuration, as prometheus.yml has it. */
  readonly prometheus?: object;
  readonly progress?: (line: string) => void;
  /** A process that had been ready ended without having been asked to. Default: said as progress. */
  readonly onUnexpectedEnd?: (sentence: string) => void;
  /** Flags that come after ours, by process; a flag given twice counts as given last. */
  readonly flags?: Readonly<Record<string, readonly string[]>>;
  /** Leaves the folder with all state and logs where it is. */
  readonly keep?: boolean;
}
