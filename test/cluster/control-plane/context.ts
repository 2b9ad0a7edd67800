import type { ClusterCertificates } from '../certificates/cluster-certificates.ts';
import type { ManagedProcess, ProcessSpec } from '../processes/managed-process.ts';
import type { PortBlock } from '../processes/ports.ts';
import type { Tools } from '../tools/go-tools.ts';
import type { ClusterAddresses } from './addresses.ts';

/** Folder, log and flags that come from outside are the cluster's business. */
export type ClusterProcessSpec = Omit<ProcessSpec, 'folder' | 'logPath' | 'pidPath' | 'onUnexpectedEnd'>;

/** What every process of a cluster is started from. */
export interface ClusterContext {
  /** All state and logs. */
  readonly folder: string;
  readonly tools: Tools;
  readonly certificates: ClusterCertificates;
  readonly ports: PortBlock;
  readonly addresses: ClusterAddresses;
  /** https://127.0.0.1:PORT of the API server. */
  readonly server: string;
  /** Makes a process of the cluster; it is started by whoever asked for it and ended with the cluster. */
  manage(spec: ClusterProcessSpec): ManagedProcess;
}

/** --name=value for each value that is there. */
export function flagList(flags: Readonly<Record<string, string | number | boolean | undefined>>): string[] {
  return Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`]));
}
