import { intOrString, type StructuralSchema } from './structural-schema.ts';

/** How one type of the TypeScript package differs from the schema that KubeVirt gives it. */
export interface Correction {
  /** The schema of the whole type. */
  instead?: StructuralSchema;
  /** Fields that the type lacks. */
  add?: Record<string, StructuralSchema>;
  /** Fields that only the type has. */
  remove?: string[];
  /** More keywords for fields that it has. */
  amend?: Record<string, StructuralSchema>;
  /** More keywords for the object itself. */
  self?: StructuralSchema;
  /** More fields that must be there. */
  require?: string[];
}

const time: StructuralSchema = { type: 'string', format: 'date-time', nullable: true };
const atomic: StructuralSchema = { 'x-kubernetes-map-type': 'atomic' };
const atomicType: Correction = { self: atomic };
const nullable: StructuralSchema = { nullable: true };
const listOf256: StructuralSchema = { maxItems: 256 };
const string: StructuralSchema = { type: 'string' };
const integer: StructuralSchema = { type: 'integer' };

function mapList(...keys: string[]): StructuralSchema {
  return { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': keys };
}

const withTimes: Correction = { add: { lastProbeTime: time, lastTransitionTime: time } };
const withPort: Correction = { add: { port: intOrString }, require: ['port'] };
const reference: Correction = { self: atomic, amend: { name: { default: '' } } };

/**
 * By name of the type. The generator behind the package loses times and int-or-strings, renames fields that are words
 * of TypeScript, and knows no list types, bounds or defaults; the rest is what KubeVirt added since.
 * Source: the CustomResourceDefinitions of KubeVirt 1.9.
 */
export const corrections: Record<string, Correction> = {
  K8sIoApimachineryPkgApisMetaV1ObjectMeta: {
    instead: { type: 'object', nullable: true, 'x-kubernetes-preserve-unknown-fields': true },
  },
  K8sIoApimachineryPkgApisMetaV1LabelSelector: atomicType,
  K8sIoApiCoreV1NodeSelector: atomicType,
  K8sIoApiCoreV1NodeSelectorTerm: atomicType,
  K8sIoApiCoreV1ObjectFieldSelector: atomicType,
  K8sIoApiCoreV1ResourceFieldSelector: atomicType,
  K8sIoApiCoreV1TypedLocalObjectReference: atomicType,
  K8sIoApiCoreV1LocalObjectReference: reference,
  V1ConfigMapVolumeSource: reference,
  K8sIoApiCoreV1HTTPGetAction: withPort,
  K8sIoApiCoreV1TCPSocketAction: withPort,

  V1VirtualMachineInstanceSpec: {
    add: { serviceAccountName: string },
    amend: {
      accessCredentials: listOf256,
      networks: listOf256,
      volumes: listOf256,
      utilityVolumes: { ...listOf256, ...mapList('name') },
      resourceClaims: mapList('name'),
      topologySpreadConstraints: mapList('topologyKey', 'whenUnsatisfiable'),
    },
  },
  V1DomainSpec: { amend: { rebootPolicy: { enum: ['Reboot', 'Terminate'] } } },
  V1Devices: { amend: { disks: listOf256, interfaces: listOf256 } },
  V1Clock: { self: { 'x-kubernetes-preserve-unknown-fields': true } },
  V1ReservedOverhead: { amend: { memLock: { enum: ['NotRequired', 'Required'] } } },
  V1QemuGuestAgentSSHPublicKeyAccessCredentialPropagation: { amend: { users: { 'x-kubernetes-list-type': 'set' } } },
  V1MultusNetwork: { remove: ['_default'], add: { default: { type: 'boolean' } } },
  V1Network: {
    add: { resourceClaim: { type: 'object', properties: { claimName: string, requestName: string } } },
  },
  V1Interface: {
    add: {
      portRanges: {
        type: 'array',
        items: {
          type: 'object',
          properties: { end: integer, protocol: string, start: integer },
          required: ['end', 'protocol', 'start'],
        },
      },
    },
  },

  V1VirtualMachineInstanceStatus: { remove: ['vSOCKCID'], add: { VSOCKCID: integer } },
  V1VirtualMachineInstanceCondition: withTimes,
  V1VirtualMachineInstanceReplicaSetCondition: withTimes,
  V1VirtualMachineCondition: withTimes,
  V1VirtualMachineInstanceMigrationState: { amend: { startTimestamp: nullable, endTimestamp: nullable } },
  V1VirtualMachineInstanceReplicaSetStatus: { self: nullable },
  V1VirtualMachineStatus: {
    amend: {
      instancetypeRef: nullable,
      memoryDumpRequest: nullable,
      preferenceRef: nullable,
      printableStatus: { default: 'Stopped' },
      startFailure: nullable,
    },
  },
  V1ChangedBlockTrackingStatus: { self: nullable, amend: { backupStatus: nullable } },
};
