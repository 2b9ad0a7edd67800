import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { LocalError } from '../errors.ts';

const builtKernel = fileURLToPath(new URL('../../build/kernel/osv.elf', import.meta.url));

/**
 * The kernel's ELF file: OSV_KERNEL, else the one built in this checkout.
 *
 * @throws LocalError kernel-missing
 */
export async function findKernel(environment: NodeJS.ProcessEnv): Promise<string> {
  const path = environment.OSV_KERNEL || builtKernel;
  try {
    await access(path);
    return path;
  } catch {
    throw new LocalError('kernel-missing', `There is no kernel at ${path}; build it with npm run build:kernel.`);
  }
}
