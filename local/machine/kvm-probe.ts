import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Accelerator } from './machine-spec.ts';
import { buildProbeGuest, probeGuestExitCode } from './probe-guest.ts';

/** About a quarter of a second under TCG, a tenth on a KVM that works. */
const probeWork = { loopIterations: 50_000_000, portWrites: 2_000 };
const emulatedLimitMilliseconds = 10_000;

export interface ProbeResult {
  accelerator: Accelerator;
  /** Why it is not KVM, as a sentence; undefined for KVM. */
  reason: string | undefined;
}

/** Runs the probe guest on one accelerator; undefined when it did not come to its end within the limit. */
export type RunProbe = (accelerator: Accelerator, limitMilliseconds: number) => Promise<number | undefined>;

/**
 * Decides for KVM only if a guest that does a little of everything ends sooner on it than under emulation: on hosts
 * that are guests themselves, /dev/kvm may open and then run a hundred times slower than TCG.
 */
export async function probeAccelerator(runProbe: RunProbe): Promise<ProbeResult> {
  const emulated = await runProbe('tcg', emulatedLimitMilliseconds);
  if (emulated === undefined) {
    return { accelerator: 'tcg', reason: 'The probe guest did not end under emulation, so KVM was not tried.' };
  }
  const limit = Math.ceil(emulated);
  const virtualised = await runProbe('kvm', limit);
  if (virtualised !== undefined && virtualised <= emulated) return { accelerator: 'kvm', reason: undefined };
  return {
    accelerator: 'tcg',
    reason: `KVM is here but runs guests slower than emulation (a probe guest that TCG ends in ${limit} ms did not end in that time).`,
  };
}

/** The real probe: QEMU with the probe guest as its firmware. Resolves to milliseconds. */
export async function withQemuProbe<T>(qemu: string, use: (runProbe: RunProbe) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'osv-probe-'));
  try {
    const firmware = join(folder, 'probe.bin');
    await writeFile(firmware, buildProbeGuest(probeWork));
    return await use((accelerator, limit) => runQemu(qemu, accelerator, firmware, limit));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function runQemu(qemu: string, accelerator: Accelerator, firmware: string, limit: number): Promise<number | undefined> {
  const machine = [
    '-machine',
    'q35',
    '-accel',
    accelerator,
    '-m',
    '16',
    '-nodefaults',
    '-no-user-config',
    '-display',
    'none',
  ];
  const exitDevice = ['-device', 'isa-debug-exit,iobase=0xf4,iosize=1'];
  return new Promise((resolve) => {
    const startedAt = performance.now();
    const child = spawn(qemu, [...machine, ...exitDevice, '-bios', firmware], {
      stdio: 'ignore',
      timeout: limit,
      killSignal: 'SIGKILL',
    });
    child.on('error', () => resolve(undefined));
    child.on('exit', (code) => resolve(code === probeGuestExitCode ? performance.now() - startedAt : undefined));
  });
}
