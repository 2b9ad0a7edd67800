import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { LocalError } from './errors.ts';

/** The Debian package that brings each program we call. */
const packages: Record<string, string> = {
  'qemu-system-x86_64': 'qemu-system-x86',
  genisoimage: 'genisoimage',
  passt: 'passt',
  pasta: 'passt',
  bwrap: 'bubblewrap',
  'qemu-img': 'qemu-utils',
  skopeo: 'skopeo',
  prometheus: 'prometheus',
  setpriv: 'util-linux',
};

/** The path of a program in PATH; undefined when there is none. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '/usr/bin:/bin').split(delimiter)) {
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      return path;
    } catch {
      // not here; the next folder may have it
    }
  }
  return undefined;
}

/**
 * @throws LocalError tool-missing naming the package that has it
 */
export async function requireProgram(name: string): Promise<string> {
  const path = await findProgram(name);
  if (path !== undefined) return path;
  throw new LocalError('tool-missing', `${name} is not installed; apt-get install ${packages[name] ?? name}`);
}
