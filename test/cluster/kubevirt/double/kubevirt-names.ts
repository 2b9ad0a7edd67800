/**
 * The names by which KubeVirt's parts know each other; facts of its API (kubevirt.io/api/core/v1, types.go).
 */
export const labels = {
  /** On all that belongs to KubeVirt; `virt-launcher` on launcher pods. */
  app: 'kubevirt.io',
  /** UID of the VMI that a pod runs. */
  createdBy: 'kubevirt.io/created-by',
  nodeName: 'kubevirt.io/nodeName',
  migrationJob: 'kubevirt.io/migrationJobUID',
  migrationTargetNode: 'kubevirt.io/migrationTargetNodeName',
  schedulable: 'kubevirt.io/schedulable',
  installStrategy: 'kubevirt.io/install-strategy',
  outdatedLauncherImage: 'kubevirt.io/outdatedLauncherImage',
  machineName: 'vm.kubevirt.io/name',
  instanceId: 'vmi.kubevirt.io/id',
  machineType: 'machine-type.node.kubevirt.io/',
  cpuModel: 'cpu-model.node.kubevirt.io/',
  cpuFeature: 'cpu-feature.node.kubevirt.io/',
  cpuManager: 'kubevirt.io/cpumanager',
  obsoleteHostModel: 'node-labeller.kubevirt.io/obsolete-host-model',
} as const;

export const annotations = {
  domain: 'kubevirt.io/domain',
  latestApiVersion: 'kubevirt.io/latest-observed-api-version',
  storageApiVersion: 'kubevirt.io/storage-observed-api-version',
  migrationTransportUnix: 'kubevirt.io/migrationTransportUnix',
  pciTopologyVersion: 'kubevirt.io/pci-topology-version',
  defaultContainer: 'kubectl.kubernetes.io/default-container',
  evictOnly: 'descheduler.alpha.kubernetes.io/request-evict-only',
  skipBackupHooks: 'kubevirt.io/skip-backup-hooks',
  /** Bytes beside the guest's memory that the launcher pod asks for. */
  memoryOverhead: 'kubevirt.io/memory-overhead-bytes',
  machineGeneration: 'kubevirt.io/vm-generation',
  /** When virt-handler last said that its node lives; RFC 3339. */
  heartbeat: 'kubevirt.io/heartbeat',
  ignition: 'kubevirt.io/ignitiondata',
  hookSidecars: 'hooks.kubevirt.io/hookSidecars',
} as const;

export const finalizers = {
  instance: 'kubevirt.io/foregroundDeleteVirtualMachine',
  machine: 'kubevirt.io/virtualMachineControllerFinalize',
} as const;

/** Pod condition and readiness gate that says that the guest is not paused. */
export const unpausedCondition = 'kubevirt.io/virtual-machine-unpaused';

/** Devices that KubeVirt's device plugins offer on a node. */
export const devices = {
  kvm: 'devices.kubevirt.io/kvm',
  tun: 'devices.kubevirt.io/tun',
  vhostNet: 'devices.kubevirt.io/vhost-net',
} as const;

/** User and group that QEMU runs as. */
export const nonRootUser = 107;

export const kubevirtNamespace = 'kubevirt';

/** Who may write what only KubeVirt may write. */
export const serviceAccounts = {
  api: 'kubevirt-apiserver',
  controller: 'kubevirt-controller',
  handler: 'kubevirt-handler',
} as const;

/** The user name under which the API server knows one of KubeVirt's service accounts. */
export function userNameOf(account: string): string {
  return `system:serviceaccount:${kubevirtNamespace}:${account}`;
}
