/** The machines that a guest can be given: KubeVirt's PC, or QEMU's machine without PCI that starts faster. */
export const machineTypes = ['q35', 'microvm'] as const;
export type MachineType = (typeof machineTypes)[number];

export type Accelerator = 'kvm' | 'tcg';

/** The file descriptors, inherited by QEMU, on which it finds its already connected sockets. */
export interface ChannelDescriptors {
  qmp: number;
  stdin: number;
  stdout: number;
  stderr: number;
  control: number;
}

export interface PortForward {
  /** Address of the host to listen on. */
  hostAddress: string;
  hostPort: number;
  guestPort: number;
  /** TCP without it. */
  protocol?: 'UDP';
}

export type NetworkDevice =
  /** passt at the other end of an inherited, connected stream socket */
  | { backend: 'passt'; descriptor: number }
  /** QEMU's own user networking */
  | {
      backend: 'user';
      guestNetwork: string;
      guestAddress: string;
      gateway: string;
      nameserver: string;
      forwards: PortForward[];
    };

export interface Disk {
  /** By which the guest finds it; at most 20 bytes (virtio 1.2, section 5.2.6.1). */
  serial: string;
  path: string;
  readOnly: boolean;
}

/** Everything that decides QEMU's command line. */
export interface MachineSpec {
  machine: MachineType;
  accelerator: Accelerator;
  /** Counts instructions in place of time: one guest instruction is one nanosecond. */
  icount: boolean;
  cpus: number;
  memoryMebibytes: number;
  kernelPath: string;
  /** Options of the kernel command line, such as log=debug. */
  kernelOptions: string[];
  disks: Disk[];
  /** Where QEMU writes what the guest prints on its serial line. */
  kernelLogPath: string;
  network: NetworkDevice | undefined;
  macAddress: string;
  channels: ChannelDescriptors;
}
