/** Size of the kernel as it is loaded. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runOrThrow } from '../../guest/command.ts';
import { linuxKernel } from '../../guest/linux-guest.ts';
import { buildFolder, kernelPath } from '../../guest/paths.ts';
import type { BenchmarkPart, BenchmarkRow, PartOptions } from '../result.ts';

const kib = (path: string): number => statSync(path).size / 1024;

async function run({ systems }: PartOptions): Promise<BenchmarkRow[]> {
  const linux = systems.includes('linux') ? kib((await linuxKernel()).image) : undefined;
  if (!systems.includes('osv') || !existsSync(kernelPath)) {
    return [
      { id: 'size.kernel', label: 'kernel size', unit: 'KiB', better: 'lower', linux, osv: undefined, bound: 600 },
    ];
  }
  const stripped = join(buildFolder('benchmarks'), 'osv-stripped.elf');
  await runOrThrow('strip', ['-o', stripped, kernelPath]);
  return [
    {
      id: 'size.kernel',
      label: 'kernel size (bzImage; stripped ELF)',
      unit: 'KiB',
      better: 'lower',
      linux,
      osv: kib(stripped),
      bound: 600,
    },
  ];
}

export const size: BenchmarkPart = { name: 'size', title: 'Kernel size', conditions: 'the file that QEMU loads', run };
