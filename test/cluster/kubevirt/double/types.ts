import type {
  V1VirtualMachineInstanceSpec,
  V1VirtualMachineInstanceStatus,
  V1VirtualMachineSpec,
} from '@kubevirt-ui-ext/kubevirt-api/kubevirt';
import type { KubernetesObject, ObjectMeta } from '@osv/operator/kubernetes';

/** The spec of a VirtualMachineInstance, in VMIs and in the templates of replica sets and machines. */
export type Spec = V1VirtualMachineInstanceSpec;
export type Devices = Spec['domain']['devices'];
export type Disk = NonNullable<Devices['disks']>[number];
export type Interface = NonNullable<Devices['interfaces']>[number];
export type Volume = NonNullable<Spec['volumes']>[number];
export type Network = NonNullable<Spec['networks']>[number];
export type Probe = NonNullable<Spec['readinessProbe']>;

export type Phase = 'Pending' | 'Scheduling' | 'Scheduled' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';

export interface Condition {
  type: string;
  status: string;
  reason?: string | undefined;
  message?: string | undefined;
  lastProbeTime?: string | null | undefined;
  lastTransitionTime?: string | null | undefined;
}

export interface InstanceStatus extends Omit<V1VirtualMachineInstanceStatus, 'conditions' | 'phase'> {
  phase?: Phase;
  conditions?: Condition[];
}

export interface Instance extends KubernetesObject {
  spec: Spec;
  status?: InstanceStatus;
}

/** Metadata of a template has no name. */
export interface Template {
  metadata?: Partial<ObjectMeta> | null;
  spec: Spec;
}

export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export interface ReplicaSet extends KubernetesObject {
  spec: { replicas?: number; paused?: boolean; selector: LabelSelector; template: Template };
  status?: { replicas?: number; readyReplicas?: number; labelSelector?: string; conditions?: Condition[] } | null;
}

export type RunStrategy = 'Always' | 'Halted' | 'Manual' | 'RerunOnFailure' | 'Once' | 'WaitAsReceiver';

export interface StateChangeRequest {
  action: 'Start' | 'Stop';
  uid?: string;
  data?: Record<string, string>;
}

export interface StartFailure {
  consecutiveFailCount?: number;
  lastFailedVMIUID?: string;
  retryAfterTimestamp?: string;
}

export interface Machine extends KubernetesObject {
  spec: Omit<V1VirtualMachineSpec, 'template' | 'runStrategy'> & { template: Template; runStrategy?: RunStrategy };
  status?: {
    created?: boolean;
    ready?: boolean;
    printableStatus?: string;
    runStrategy?: string;
    conditions?: Condition[];
    stateChangeRequests?: StateChangeRequest[];
    startFailure?: StartFailure | null;
    observedGeneration?: number;
    desiredGeneration?: number;
  };
}
