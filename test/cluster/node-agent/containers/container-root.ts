import { lstat, mkdir, readlink, writeFile } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import { NodeAgentError } from '../error.ts';
import { runTool } from '../run-tool.ts';

const linksMax = 40;

/**
 * Makes the root of a container from the files of its image: a copy, or, when the container cannot write to it, links,
 * which cost next to nothing.
 */
export async function makeRoot(imageRoot: string, folder: string, readOnly: boolean): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const copy = ['-a', '--reflink=auto', '-T', imageRoot, folder];
  // Links fail between file systems.
  if (readOnly) await runTool('cp', ['-al', '-T', imageRoot, folder]).catch(() => runTool('cp', ['-f', ...copy]));
  else await runTool('cp', copy);
  for (const name of ['proc', 'dev']) await mkdir(join(folder, name), { recursive: true });
}

/**
 * Makes a place for a mount, as container runtimes do: bubblewrap could not in a read-only root.
 *
 * @returns the place without symbolic links, which bubblewrap would follow out of the root
 */
export async function makeMountPoint(root: string, target: string, isFolder: boolean): Promise<string> {
  const place = await resolveInside(root, target);
  // What is below /dev comes into being when bubblewrap has mounted it.
  if (place.startsWith('/dev/')) return place;
  const path = join(root, place);
  if (isFolder) await mkdir(path, { recursive: true });
  else {
    await mkdir(dirname(path), { recursive: true });
    if (!(await lstat(path).catch(() => undefined))) await writeFile(path, '');
  }
  return place;
}

/** Follows symbolic links as the container would; what does not exist stays as it is. */
async function resolveInside(root: string, target: string): Promise<string> {
  let place = '/';
  const left = target.split('/');
  for (let links = 0; left.length > 0; ) {
    const next = posix.resolve(place, left.shift() ?? '');
    const link = await readlink(join(root, next)).catch(() => undefined);
    if (link === undefined) {
      place = next;
      continue;
    }
    if (++links > linksMax) throw new NodeAgentError('image-invalid', `${target} has too many symbolic links.`);
    if (link.startsWith('/')) place = '/';
    left.unshift(...link.split('/'));
  }
  return place;
}
