import type { MachineSpec } from './machine-spec.ts';

/** What decides how QEMU runs the processors. */
export type ProcessorSpec = Pick<MachineSpec, 'machine' | 'accelerator' | 'icount' | 'cpus'>;

/** KubeVirt gives eight root ports, functions of device 1 of the root bus, each with one device behind it. */
const rootPortsMin = 8;
const functionsOfADevice = 8;

/** The root ports `pci.1`, `pci.2`, …; beyond eight they go on with the next device of the root bus, as libvirt's do. */
export function rootPortArguments(count = rootPortsMin): string[] {
  return Array.from({ length: Math.max(count, rootPortsMin) }, (_, index) => {
    const [device, number] = [1 + Math.floor(index / functionsOfADevice), index % functionsOfADevice];
    return [
      '-device',
      `pcie-root-port,port=${8 + index},chassis=${index + 1},id=pci.${index + 1},bus=pcie.0` +
        (number === 0 ? `,multifunction=true,addr=0x${device}` : `,addr=0x${device}.0x${number}`),
    ];
  }).flat();
}

/**
 * QEMU's emulator before 8.0 leaves memory barriers out where only one CPU is possible, although devices run in another
 * thread; the kernel then pays for stronger ones. Room for a second CPU, which is never plugged in, keeps them.
 */
export function processorArgument(spec: ProcessorSpec): string {
  const emulatedAlone = spec.cpus === 1 && spec.accelerator === 'tcg' && !spec.icount && spec.machine === 'q35';
  return emulatedAlone
    ? '1,sockets=2,cores=1,threads=1,maxcpus=2'
    : `${spec.cpus},sockets=1,cores=${spec.cpus},threads=1`;
}

export function acceleratorArguments(spec: ProcessorSpec): string[] {
  if (spec.icount) return ['-accel', 'tcg', '-cpu', 'max', '-icount', 'shift=0,sleep=off'];
  if (spec.accelerator === 'kvm') return ['-accel', 'kvm', '-cpu', 'host'];
  return ['-accel', spec.cpus > 1 ? 'tcg,thread=multi' : 'tcg', '-cpu', 'max'];
}

/** QEMU splits option values at commas; a doubled comma stands for one. */
export function escapeComma(text: string): string {
  return text.replaceAll(',', ',,');
}
