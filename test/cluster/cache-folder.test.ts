import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@osv/local/testing/temporary-folder.ts';
import { expect, test } from 'vitest';
import { markUsed, removeUnused } from './cache-folder.ts';

test('what nobody has used for days is removed, with all that is in it', async () => {
  const folder = await temporaryFolder();
  const longAgo = new Date(Date.now() - 4 * 86_400_000);
  for (const name of ['new', 'old', 'used again']) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, 'file'), '');
    if (name !== 'new') await utimes(join(folder, name), longAgo, longAgo);
  }
  await markUsed(join(folder, 'used again'));
  await Promise.all([removeUnused(folder, 3), removeUnused(folder, 3)]);
  expect((await readdir(folder)).sort()).toEqual(['new', 'used again']);
});
