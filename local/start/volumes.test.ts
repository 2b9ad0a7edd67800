import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LocalOsvApp } from '@osv/contracts';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { appVolumes, dataVolumes } from './volumes.ts';

function appWith(volume: object): LocalOsvApp {
  return { metadata: { name: 'app' }, spec: { volumes: [volume] } } as unknown as LocalOsvApp;
}

test('a volume with a size is a disk that the guest formats when it is blank', () => {
  expect(appVolumes(appWith({ name: 'data', mountPath: '/data', size: '1Gi' }))).toEqual([
    {
      mount: { serial: 'data0', path: '/data', type: 'ext4', formatIfBlank: true },
      data: { name: 'data', serial: 'data0', sizeBytes: 1024 ** 3 },
    },
  ]);
});

test('a volume too small for a file system is refused', () => {
  const app = appWith({ name: 'data', mountPath: '/data', size: '1Mi' });
  expect(() => appVolumes(app)).toThrow('8Mi is the least');
});

test('the disk is a sparse file that stays as it is at the next start, and cannot grow', async () => {
  const folder = join(await temporaryFolder(), 'volumes');
  const [volume] = appVolumes(appWith({ name: 'data', mountPath: '/data', size: '64Mi' }));
  if (!volume) throw new Error('no volume');
  const [made] = await dataVolumes([volume], folder);
  expect(made?.disk).toEqual({ serial: 'data0', path: join(folder, 'data.raw'), readOnly: false });
  const before = await stat(join(folder, 'data.raw'));
  expect(before.size).toBe(64 * 1024 * 1024);
  expect(before.blocks).toBe(0);
  await dataVolumes([volume], folder);
  expect((await stat(join(folder, 'data.raw'))).ino).toBe(before.ino);
  const [larger] = appVolumes(appWith({ name: 'data', mountPath: '/data', size: '65Mi' }));
  await expect(dataVolumes(larger ? [larger] : [], folder)).rejects.toThrow('cannot grow');
});
