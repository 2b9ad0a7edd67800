import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FileTree } from '../contents/file-tree.ts';
import { inspect } from '../contents/inspect.ts';
import { compile } from '../testing/compile.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { asApplication, completeApplication } from './application-folder.ts';

const folder = temporaryFolder();

/** An application of the given files of this machine. */
function applicationOf(files: Record<string, { path: string; size: number }>): FileTree {
  const tree = new FileTree();
  for (const [name, { path, size }] of Object.entries(files)) tree.addFile(name, 0o755, { path, size, movable: false });
  return asApplication(tree);
}

function fileWith(name: string, bytes: Buffer): { path: string; size: number } {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return { path, size: bytes.length };
}

test('binaries for other machines and damaged ones need nothing', async () => {
  const bytes = readFileSync(
    compile('int main(void) { return 0; }', join(folder, 'program'), '-Wl,-dynamic-linker=/a'),
  );
  const foreign = Buffer.from(bytes);
  foreign.writeUInt16LE(183, 18);
  const tree = applicationOf({
    foreign: fileWith('foreign', foreign),
    damaged: fileWith('damaged', bytes.subarray(0, 100)),
  });
  expect(await completeApplication(tree)).toEqual([]);
  expect(tree.lookup('/usr/lib/x86_64-linux-gnu')).toBeUndefined();
});

test('a file that is no program may be larger than memory', async () => {
  const data = fileWith('data', Buffer.alloc(0));
  const size = 3 * 2 ** 30;
  truncateSync(data.path, size);
  const tree = applicationOf({ data: { ...data, size } });
  expect(await completeApplication(tree)).toEqual([]);
  expect((await inspect(tree)).binaries).toEqual([]);
});
