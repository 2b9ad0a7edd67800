import { cpus, totalmem } from 'node:os';

/** A node to be registered; what is left out has a default. */
export interface NodeOptions {
  name: string;
  labels?: Record<string, string>;
  /** Boots nothing: its guests run and are ready at once. */
  pretend?: boolean;
  /** Whole CPUs to offer; default four times this machine's, since guests mostly wait. */
  cpus?: number;
  /** Default this machine's, or plenty for a pretended node. */
  memoryMebibytes?: number;
  /** Pods at most. */
  pods?: number;
}

/** A node that this process is. */
export interface ManagedNode {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly pretend: boolean;
  readonly cpus: number;
  readonly memoryMebibytes: number;
  readonly pods: number;
  /** A lost node does nothing and says nothing, as if its power were off. */
  lost: boolean;
  /** Of the Node object; known when it is registered. */
  uid: string | undefined;
  /** Its part of the pod addresses, when the controller manager gives each node one. */
  podRange: string | undefined;
}

const overcommit = 4;
const podsDefault = { real: 110, pretend: 4000 };
const mebibyte = 1024 * 1024;
/** What a pretended node offers for each pod. */
const pretendMemoryMebibytesPerPod = 1024;

export function managedNode(options: NodeOptions): ManagedNode {
  const { name, labels = {}, pretend = false } = options;
  const pods = options.pods ?? (pretend ? podsDefault.pretend : podsDefault.real);
  const memory = pretend ? pods * pretendMemoryMebibytesPerPod : Math.floor(totalmem() / mebibyte);
  return {
    name,
    labels,
    pretend,
    pods,
    cpus: options.cpus ?? (pretend ? pods : cpus().length * overcommit),
    memoryMebibytes: options.memoryMebibytes ?? memory,
    lost: false,
    uid: undefined,
    podRange: undefined,
  };
}
