/** Roots that hold one program of the host's Debian packages and its libraries. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFolder } from './paths.ts';
import { copyIntoRoot, librariesOf, packRoot } from './root-image.ts';

/** Files by their path in the guest; libraries come along. Answers the EROFS image. */
export async function applicationRoot(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const root = join(buildFolder('application-roots'), name);
  rmSync(root, { recursive: true, force: true });
  for (const folder of ['dev', 'proc', 'sys', 'tmp', 'etc', 'run', 'data'])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'etc', 'passwd'), 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n');
  writeFileSync(join(root, 'etc', 'group'), 'root:x:0:\nnogroup:x:65534:\n');
  writeFileSync(join(root, 'etc', 'hosts'), '127.0.0.1\tlocalhost\n');
  writeFileSync(join(root, 'etc', 'nsswitch.conf'), 'passwd: files\ngroup: files\nhosts: files dns\n');
  for (const [target, source] of Object.entries(files)) {
    copyIntoRoot(root, source, target);
    for (const library of await librariesOf(source)) copyIntoRoot(root, library);
  }
  copyIntoRoot(root, '/lib/x86_64-linux-gnu/libgcc_s.so.1');
  return packRoot(root, buildFolder('images'), name);
}
