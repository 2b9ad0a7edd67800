/** The roots from which the schemas of the double's CustomResourceDefinitions are generated. */
export type {
  V1VirtualMachine,
  V1VirtualMachineInstance,
  V1VirtualMachineInstanceReplicaSet,
} from '@kubevirt-ui-ext/kubevirt-api/kubevirt';
