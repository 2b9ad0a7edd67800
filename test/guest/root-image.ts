/** Packs a folder into an EROFS root image, the same bytes for the same folder. */
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { run, runOrThrow } from './command.ts';

/** SHA-256 over names, modes and contents of all files below a folder. */
export function folderDigest(folder: string): string {
  const hash = createHash('sha256');
  const walk = (path: string): void => {
    for (const entry of readdirSync(join(folder, path), { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const inner = join(path, entry.name);
      hash.update(`${inner}\0${statSync(join(folder, inner)).mode}\0`);
      if (entry.isDirectory()) walk(inner);
      else hash.update(readFileSync(join(folder, inner)));
    }
  };
  walk('');
  return hash.digest('hex');
}

/** Makes (or finds) the image of a folder; its name holds the folder's digest. */
export async function packRoot(folder: string, imageFolder: string, name: string): Promise<string> {
  const image = join(imageFolder, `${name}-${folderDigest(folder).slice(0, 16)}.erofs`);
  if (existsSync(image)) return image;
  const unfinished = `${image}.${process.pid}`;
  // A fixed UUID and time: the same folder gives the same image.
  const uuid = '00000000-0000-0000-0000-000000000000';
  await runOrThrow('mkfs.erofs', ['--quiet', '--all-root', '-T0', `-U${uuid}`, unfinished, folder]);
  renameSync(unfinished, image);
  return image;
}

/** The shared libraries a program needs, by the paths that its loader looks for. */
export async function librariesOf(program: string): Promise<string[]> {
  const listing = await run('ldd', [program]);
  const found = new Set<string>();
  for (const line of listing.stdout.toString().split('\n')) {
    const path = /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1];
    if (path !== undefined) found.add(path);
  }
  return [...found];
}

/** Copies a file of the host to the same path below a root, through links. */
export function copyIntoRoot(root: string, path: string, target = path): void {
  mkdirSync(join(root, dirname(target)), { recursive: true });
  copyFileSync(realpathSync(path), join(root, target));
}
