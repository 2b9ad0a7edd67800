import type {
  V1ConfigMap,
  V1CustomResourceDefinition,
  V1Deployment,
  V1EndpointSlice,
  EventsV1Event as V1Event,
  V1Job,
  V1Lease,
  V1Namespace,
  V1NetworkPolicy,
  V1Node,
  V1PersistentVolumeClaim,
  V1Pod,
  V1PodDisruptionBudget,
  V1ReplicaSet,
  V1Secret,
  V1Service,
  V1ServiceAccount,
} from '@kubernetes/client-node';
import type {
  V1VirtualMachine,
  V1VirtualMachineInstance,
  V1VirtualMachineInstanceMigration,
  V1VirtualMachineInstanceReplicaSet,
} from '@kubevirt-ui-ext/kubevirt-api/kubevirt';
import type { OsvApp as OsvAppFile } from '@osv/contracts';
import type { KubernetesObject, ObjectMeta } from './object.ts';
import type { PodMonitor as PodMonitorFields } from './pod-monitor.ts';
import type { Resource } from './resource.ts';

/** A type of the client library as it travels in JSON: times are strings. */
export type Wire<T> = T extends Date
  ? string
  : T extends (infer Item)[]
    ? Wire<Item>[]
    : T extends object
      ? { [Key in keyof T]: Wire<T[Key]> }
      : T;

/** The fields of `T` with the metadata of {@link KubernetesObject} in the place of its own. */
export type ObjectOf<T> = KubernetesObject & Wire<Omit<T, 'apiVersion' | 'kind' | 'metadata'>>;

export type OsvApp = Omit<OsvAppFile, 'metadata'> & { metadata: ObjectMeta };
export type Pod = ObjectOf<V1Pod>;
export type Service = ObjectOf<V1Service>;
export type Secret = ObjectOf<V1Secret>;
export type ConfigMap = ObjectOf<V1ConfigMap>;
export type Namespace = ObjectOf<V1Namespace>;
export type Node = ObjectOf<V1Node>;
export type ServiceAccount = ObjectOf<V1ServiceAccount>;
export type PersistentVolumeClaim = ObjectOf<V1PersistentVolumeClaim>;
export type Event = ObjectOf<V1Event>;
export type Lease = ObjectOf<V1Lease>;
export type Job = ObjectOf<V1Job>;
export type Deployment = ObjectOf<V1Deployment>;
export type ReplicaSet = ObjectOf<V1ReplicaSet>;
export type EndpointSlice = ObjectOf<V1EndpointSlice>;
export type NetworkPolicy = ObjectOf<V1NetworkPolicy>;
export type PodDisruptionBudget = ObjectOf<V1PodDisruptionBudget>;
export type CustomResourceDefinition = ObjectOf<V1CustomResourceDefinition>;
export type PodMonitor = KubernetesObject & PodMonitorFields;
export type VirtualMachine = ObjectOf<V1VirtualMachine>;
export type VirtualMachineInstance = ObjectOf<V1VirtualMachineInstance>;
export type VirtualMachineInstanceMigration = ObjectOf<V1VirtualMachineInstanceMigration>;
export type VirtualMachineInstanceReplicaSet = ObjectOf<V1VirtualMachineInstanceReplicaSet>;

function define<T extends KubernetesObject>(groupVersion: string, plural: string, kind: string, scope?: 'cluster') {
  const slash = groupVersion.indexOf('/');
  const resource: Resource<T> = {
    group: slash < 0 ? '' : groupVersion.slice(0, slash),
    version: groupVersion.slice(slash + 1),
    plural,
    kind,
    namespaced: scope !== 'cluster',
  };
  return Object.freeze(resource);
}

/**
 * The resources that the product speaks of, each with the type of its objects.
 *
 * ```ts
 * const pod = await client.get(resources.pods, { namespace: 'shop', name: 'redis' });
 * console.log(pod?.status?.phase);
 * ```
 */
export const resources = {
  osvApps: define<OsvApp>('osvapp.dev/v1alpha1', 'osvapps', 'OsvApp'),
  pods: define<Pod>('v1', 'pods', 'Pod'),
  services: define<Service>('v1', 'services', 'Service'),
  secrets: define<Secret>('v1', 'secrets', 'Secret'),
  configMaps: define<ConfigMap>('v1', 'configmaps', 'ConfigMap'),
  namespaces: define<Namespace>('v1', 'namespaces', 'Namespace', 'cluster'),
  nodes: define<Node>('v1', 'nodes', 'Node', 'cluster'),
  serviceAccounts: define<ServiceAccount>('v1', 'serviceaccounts', 'ServiceAccount'),
  persistentVolumeClaims: define<PersistentVolumeClaim>('v1', 'persistentvolumeclaims', 'PersistentVolumeClaim'),
  events: define<Event>('events.k8s.io/v1', 'events', 'Event'),
  leases: define<Lease>('coordination.k8s.io/v1', 'leases', 'Lease'),
  jobs: define<Job>('batch/v1', 'jobs', 'Job'),
  deployments: define<Deployment>('apps/v1', 'deployments', 'Deployment'),
  replicaSets: define<ReplicaSet>('apps/v1', 'replicasets', 'ReplicaSet'),
  endpointSlices: define<EndpointSlice>('discovery.k8s.io/v1', 'endpointslices', 'EndpointSlice'),
  networkPolicies: define<NetworkPolicy>('networking.k8s.io/v1', 'networkpolicies', 'NetworkPolicy'),
  podDisruptionBudgets: define<PodDisruptionBudget>('policy/v1', 'poddisruptionbudgets', 'PodDisruptionBudget'),
  customResourceDefinitions: define<CustomResourceDefinition>(
    'apiextensions.k8s.io/v1',
    'customresourcedefinitions',
    'CustomResourceDefinition',
    'cluster',
  ),
  podMonitors: define<PodMonitor>('monitoring.coreos.com/v1', 'podmonitors', 'PodMonitor'),
  virtualMachines: define<VirtualMachine>('kubevirt.io/v1', 'virtualmachines', 'VirtualMachine'),
  virtualMachineInstances: define<VirtualMachineInstance>(
    'kubevirt.io/v1',
    'virtualmachineinstances',
    'VirtualMachineInstance',
  ),
  virtualMachineInstanceMigrations: define<VirtualMachineInstanceMigration>(
    'kubevirt.io/v1',
    'virtualmachineinstancemigrations',
    'VirtualMachineInstanceMigration',
  ),
  virtualMachineInstanceReplicaSets: define<VirtualMachineInstanceReplicaSet>(
    'kubevirt.io/v1',
    'virtualmachineinstancereplicasets',
    'VirtualMachineInstanceReplicaSet',
  ),
} as const;
