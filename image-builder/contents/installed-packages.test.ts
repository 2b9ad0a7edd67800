import { expect, test } from 'vitest';
import { FileTree } from './file-tree.ts';
import { installedPackages } from './installed-packages.ts';

function treeOf(files: Record<string, string>): FileTree {
  const tree = new FileTree();
  for (const [path, text] of Object.entries(files)) tree.addFile(path, 0o644, { bytes: Buffer.from(text) });
  return tree;
}

const stanza = (name: string, status: string) =>
  `Package: ${name}\nStatus: ${status}\nArchitecture: amd64\nVersion: 1:2.0-1\nDescription: x\n Package: not-this\n`;

test('dpkg lists what is installed, not what only left its configuration', async () => {
  const status = [stanza('redis', 'install ok installed'), stanza('gone', 'deinstall ok config-files')].join('\n');
  const tree = treeOf({ '/var/lib/dpkg/status': status, '/etc/os-release': 'NAME=x\nID=ubuntu\n' });
  expect(await installedPackages(tree)).toEqual([
    { kind: 'deb', distribution: 'ubuntu', name: 'redis', version: '1:2.0-1', architecture: 'amd64' },
  ]);
});

test('one file for each package, and checksums beside them', async () => {
  const tree = treeOf({
    '/var/lib/dpkg/status.d/libc6': 'Package: libc6\nVersion: 2.36\nArchitecture: amd64\n',
    '/var/lib/dpkg/status.d/libc6.md5sums': 'abc  usr/lib/x\n',
  });
  expect((await installedPackages(tree)).map(({ name }) => name)).toEqual(['libc6']);
});

test('apk', async () => {
  const database = 'C:Q1=\nP:musl\nV:1.2.5-r0\nA:x86_64\nF:lib\n\nC:Q2=\nP:busybox\nV:1.36-r1\nA:x86_64\n';
  const packages = await installedPackages(treeOf({ '/lib/apk/db/installed': database }));
  expect(packages.map(({ kind, name, version }) => `${kind} ${name} ${version}`)).toEqual([
    'apk busybox 1.36-r1',
    'apk musl 1.2.5-r0',
  ]);
});

test('no database, no packages', async () => {
  expect(await installedPackages(treeOf({ '/etc/os-release': 'ID=x\n' }))).toEqual([]);
});
