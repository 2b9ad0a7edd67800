import { constants } from 'node:fs';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { dirname, join } from 'node:path';
import { isSystemError } from '../errors.ts';
import { type ProbeResult, probeAccelerator, withQemuProbe } from './kvm-probe.ts';

/** Names what a probe's answer depends on: another boot of the host or another kernel asks again. */
async function hostIdentity(): Promise<string> {
  const bootId = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'unknown');
  return `${release()} ${bootId.trim()}`;
}

/**
 * Chooses KVM or TCG. The probe's answer is kept in `cacheFolder` until the host boots again, since it takes about half
 * a second to get.
 */
export async function chooseAccelerator(qemu: string, cacheFolder: string): Promise<ProbeResult> {
  const unusable = await whyKvmIsUnusable();
  if (unusable !== undefined) return { accelerator: 'tcg', reason: unusable };
  const cachePath = join(cacheFolder, 'kvm-probe.json');
  const host = await hostIdentity();
  const cached = await readCache(cachePath);
  if (cached?.host === host) return cached.result;
  const result = await withQemuProbe(qemu, probeAccelerator);
  await mkdir(dirname(cachePath), { recursive: true });
  await writeFile(cachePath, JSON.stringify({ host, result }));
  return result;
}

async function whyKvmIsUnusable(): Promise<string | undefined> {
  try {
    await access('/dev/kvm', constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    if (isSystemError(error, 'EACCES')) {
      return 'This user may not open /dev/kvm; joining the group kvm mends that.';
    }
    return 'This machine has no /dev/kvm; switch virtualisation on in its firmware, or in the hypervisor it runs on.';
  }
}

async function readCache(path: string): Promise<{ host: string; result: ProbeResult } | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    // Missing or damaged: the probe is simply run again.
    return undefined;
  }
}
