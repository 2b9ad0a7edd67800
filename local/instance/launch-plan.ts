import type { Disk, MachineSpec } from '../machine/machine-spec.ts';
import type { NetworkPlan } from '../network/network-plan.ts';

/** Everything that a supervisor needs to start an instance: plain data that may be handed to another process. */
export interface LaunchPlan {
  name: string;
  qemu: string;
  setpriv: string;
  machine: Pick<
    MachineSpec,
    'machine' | 'accelerator' | 'icount' | 'cpus' | 'memoryMebibytes' | 'kernelPath' | 'kernelOptions' | 'macAddress'
  >;
  /** The root disk and the user's; the boot disk is made by the supervisor and comes second. */
  disks: Disk[];
  /** The text of boot.json. */
  bootConfiguration: string;
  network: NetworkPlan | undefined;
}
