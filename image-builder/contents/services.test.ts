import { expect, test } from 'vitest';
import { FileTree } from './file-tree.ts';
import { addServiceAccounts } from './services.ts';

async function treeWith(files: Record<string, string>): Promise<FileTree> {
  const tree = new FileTree();
  for (const [path, text] of Object.entries(files)) tree.addFile(path, 0o644, { bytes: Buffer.from(text) });
  await addServiceAccounts(tree);
  return tree;
}

test('directories of tmpfiles.d are made, and nothing else of it', async () => {
  const tree = await treeWith({
    '/usr/lib/tmpfiles.d/db.conf': [
      '# d /run/comment',
      'd /run/mysqld 0755 mysql root -',
      'D! /var/run/haproxy/ 2775 haproxy haproxy -',
      'd /run/user/%U 0700',
      'd /run/../etc/up 0755',
      'L+ /run/link - - - - /tmp',
      'f /run/file 0644',
    ].join('\n'),
  });
  expect([...tree.walk()].map(([path]) => path).filter((path) => /^\/(run|var|etc)\//.test(path))).toEqual([
    '/run/haproxy',
    '/run/mysqld',
  ]);
});

test('users and directories of unit files are made', async () => {
  const unit = '[Service]\nUser=mysql\nGroup=mysql\nRuntimeDirectory=one two\n';
  const tree = await treeWith({ '/lib/systemd/system/db.service': unit });
  expect(tree.lookup('/run/one')?.type).toBe('directory');
  expect(tree.lookup('/run/two')?.type).toBe('directory');
  expect(tree.lookup('/etc/passwd')?.type).toBe('file');
});
