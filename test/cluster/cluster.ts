import type { ApiClient, ObjectReference } from '@osv/operator/kubernetes';
import type { Subject } from './certificates/authority.ts';
import type { ClusterAddresses } from './control-plane/addresses.ts';
import type { ClusterContext } from './control-plane/context.ts';
import type { ManagedProcess } from './processes/managed-process.ts';
import type { Prometheus } from './prometheus/prometheus.ts';
import type { Tools } from './tools/go-tools.ts';

/** A running cluster, as tests see it. Paths are absolute. */
export interface Cluster {
  /** All state and logs of this cluster; removed by stop(). */
  readonly folder: string;
  /** Path; its user is the administrator. */
  readonly kubeconfig: string;
  /** https://127.0.0.1:PORT */
  readonly server: string;
  readonly tools: Tools;
  /** Plain HTTP. */
  readonly registry: { readonly host: string };
  /** Where it was asked for. */
  readonly prometheus?: Prometheus;
  /** http://127.0.0.1:PORT of the node agent's proxy, through which pod addresses are reached. */
  readonly proxy?: string;
  /** http://127.0.0.1:PORT of the node agent's fault switches. */
  readonly nodeControl?: string;
  readonly addresses: ClusterAddresses;
  /** One JSON object a line for each request that the API server answered. */
  readonly auditLog: string;
  readonly processes: Readonly<Record<string, ManagedProcess>>;
  /** The administrator's. */
  readonly client: ApiClient;
  /** Runs kubectl as the administrator. @returns what it printed @throws ClusterError `request-failed` with its complaint */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<string>;
  /** Path of a kubeconfig with a fresh token of a ServiceAccount, good for a day. */
  kubeconfigFor(serviceAccount: ObjectReference): Promise<string>;
  /** Path of a kubeconfig with a certificate for a user and its groups. */
  kubeconfigForUser(subject: Subject): Promise<string>;
  /** Ends all processes and removes the folder. From a process that has only connected to the cluster: nothing. */
  stop(): Promise<void>;
}

export interface KubectlOptions {
  readonly input?: string;
  /** Another user's kubeconfig. */
  readonly kubeconfig?: string;
}

/** What the parts that stand on the control plane (KubeVirt, the node agent) are started from. */
export interface OwnedCluster extends Cluster, ClusterContext {
  readonly folder: string;
  readonly server: string;
  readonly tools: Tools;
  readonly addresses: ClusterAddresses;
  /** Where the node agent's proxy takes the API server's CONNECT requests for pods, Services and nodes. */
  readonly egressSocket: string;
  /** What must happen before the processes end; the last one added happens first. */
  onStop(action: () => Promise<void>): void;
}
