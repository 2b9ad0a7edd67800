import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ConfigurationObject, LocalOsvApp } from '@osv/contracts';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { appVolumes, dataVolumes, fileVolumes } from './volumes.ts';

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

const settings: ConfigurationObject = {
  kind: 'ConfigMap',
  name: 'settings',
  namespace: undefined,
  data: new Map([['a.conf', Buffer.from('listen 80\n')]]),
};

test('a ConfigMap is a read-only disk with its keys as files', async () => {
  const folder = await temporaryFolder();
  const app = appWith({ name: 'files', mountPath: '/etc/a', configMap: { name: 'settings' } });
  const [made] = await fileVolumes(appVolumes(app, [settings]), folder);
  expect(made?.mount).toEqual({ serial: 'files0', path: '/etc/a', type: 'iso9660', readOnly: true });
  const path = join(folder, 'files0.iso');
  expect(made?.disk).toEqual({ serial: 'files0', path, readOnly: true });
  const { stdout } = await promisify(execFile)('isoinfo', ['-i', path, '-R', '-x', '/a.conf']);
  expect(stdout).toBe('listen 80\n');
});

test('a volume is refused with a word about what is missing', () => {
  const secret = appWith({ name: 'files', mountPath: '/etc/a', secret: { secretName: 'settings' } });
  expect(() => appVolumes(secret, [settings])).toThrow(
    'The Secret settings is in none of the files; the volume files of app needs it.',
  );
  const claim = appWith({ name: 'data', mountPath: '/data', persistentVolumeClaim: { claimName: 'disk' } });
  expect(() => appVolumes(claim)).toThrow('The volume data of app is a claim of a cluster');
});
