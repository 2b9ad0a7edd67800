import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { type LocalOsvApp, parseOsvApps } from '@osv/contracts';
import { exitCodes, LocalError } from '@osv/local/errors.ts';

export interface AppFile {
  /** As the user named it. */
  file: string;
  /** From which relative paths in the file count. */
  folder: string;
  app: LocalOsvApp;
}

/**
 * Reads every app of some files.
 *
 * @throws LocalError not-found, or invalid-argument when two apps share a name; ContractError for a wrong field
 */
export async function readAppFiles(files: string[]): Promise<AppFile[]> {
  const found: AppFile[] = [];
  for (const file of files) {
    const content = file === '-' ? await text(process.stdin) : await read(file);
    const folder = file === '-' ? '.' : dirname(file);
    for (const app of parseOsvApps(content, file === '-' ? 'standard input' : file)) {
      if (found.some((other) => other.app.metadata.name === app.metadata.name)) {
        throw new LocalError('invalid-argument', `${file}: there is a second app named ${app.metadata.name}.`);
      }
      found.push({ file, folder, app });
    }
  }
  return found;
}

/** By the code of the system's error. */
const unreadable: Record<string, string> = { ENOENT: 'does not exist', EISDIR: 'is a folder, not an OsvApp file' };

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    throw new LocalError('not-found', `${file} ${unreadable[code] ?? 'cannot be read'}.`, {
      exitCode: exitCodes.notFound,
      cause,
    });
  }
}
