import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { type ConfigurationObject, ContractError, type LocalOsvApp, noApp, parseAppDocuments } from '@osv/contracts';
import { exitCodes, LocalError } from '@osv/local/errors.ts';

export interface AppFile {
  /** As the user named it. */
  file: string;
  /** From which relative paths in the file count. */
  folder: string;
  app: LocalOsvApp;
}

export interface AppFiles {
  apps: AppFile[];
  /** ConfigMaps and Secrets of all the files. */
  objects: ConfigurationObject[];
}

/**
 * Reads every app of some files, of which there is at least one, and the ConfigMaps and Secrets.
 *
 * @throws LocalError not-found, or invalid-argument when two share a name; ContractError for a wrong field
 */
export async function readAppFiles(files: string[]): Promise<AppFiles> {
  const found: AppFile[] = [];
  const objects: ConfigurationObject[] = [];
  for (const file of files) {
    const content = file === '-' ? await text(process.stdin) : await read(file);
    const folder = file === '-' ? '.' : dirname(file);
    const documents = parseAppDocuments(content, file === '-' ? 'standard input' : file);
    for (const app of documents.apps) {
      if (found.some((other) => other.app.metadata.name === app.metadata.name)) {
        throw new LocalError('invalid-argument', `${file}: there is a second app named ${app.metadata.name}.`);
      }
      found.push({ file, folder, app });
    }
    for (const object of documents.objects) {
      if (objects.some((other) => sameObject(other, object))) {
        throw new LocalError('invalid-argument', `${file}: there is a second ${object.kind} named ${object.name}.`);
      }
      objects.push(object);
    }
  }
  if (found.length === 0) throw new ContractError('osvapp', noApp(files.join(', ')));
  return { apps: found, objects };
}

/** As in a cluster, one without a namespace is of the namespace default. */
function sameObject(left: ConfigurationObject, right: ConfigurationObject): boolean {
  const identity = ({ kind, name, namespace = 'default' }: ConfigurationObject) => `${kind}/${namespace}/${name}`;
  return identity(left) === identity(right);
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
