import { expect, test } from 'vitest';
import { FileTree } from './file-tree.ts';

const content = { bytes: Buffer.from('x') };

function paths(tree: FileTree): string[] {
  return [...tree.walk()].map(([path]) => path);
}

test('names are listed parents first, in byte order', () => {
  const tree = new FileTree();
  for (const path of ['b', 'a/z', './a/b', '/a-', 'a/é']) tree.addFile(path, 0o644, content);
  expect(paths(tree)).toEqual(['/a', '/a/b', '/a/z', '/a/é', '/a-', '/b']);
});

test.each(['../x', 'a/../../x', 'a/..', '/..', 'a\0b', `${'n'.repeat(256)}`])('the name %j is refused', (path) => {
  expect(() => new FileTree().addFile(path, 0o644, content)).toThrow(/leads out|valid path|too long/);
});

test('folders that a name merely implies are bounded, in depth and in number', () => {
  const tree = new FileTree();
  expect(() => tree.addFile('a/'.repeat(256), 0o644, content)).not.toThrow();
  expect(() => tree.addFile(`${'a/'.repeat(256)}f`, 0o644, content)).toThrow(/too deep/);
  const addMany = () => {
    for (let index = 0; index < 2100; index++) tree.addFile(`${index}/${'a/'.repeat(250)}f`, 0o644, content);
  };
  expect(addMany).toThrow(/more than 500000 folders/);
});

test('a file below a link lands where the link leads inside the tree, never outside', () => {
  const tree = new FileTree();
  tree.makeDirectory('/usr/lib');
  tree.addSymlink('/lib', 'usr/lib');
  tree.addSymlink('/escape', '../../../../usr');
  tree.addFile('/lib/a', 0o644, content);
  tree.addFile('/escape/b', 0o644, content);
  expect(paths(tree)).toEqual(['/escape', '/lib', '/usr', '/usr/b', '/usr/lib', '/usr/lib/a']);
  expect(tree.realPath('/lib/a')).toBe('/usr/lib/a');
  expect(tree.realPath('/usr/lib/../b')).toBe('/usr/b');
});

test('a link is replaced, not written through', () => {
  const tree = new FileTree();
  tree.addFile('/target', 0o644, { bytes: Buffer.from('old') });
  tree.addSymlink('/name', '/target');
  tree.addFile('/name', 0o644, { bytes: Buffer.from('new') });
  expect(tree.lookup('/name', { followLast: false })?.type).toBe('file');
  expect(tree.lookup('/target')).toMatchObject({ content: { bytes: Buffer.from('old') } });
});

test('names below a link that leads nowhere or in circles are refused', () => {
  const tree = new FileTree();
  tree.addSymlink('/nowhere', '/absent');
  tree.addSymlink('/circle', 'circle');
  expect(() => tree.addFile('/nowhere/x', 0o644, content)).toThrow(/not a directory/);
  expect(() => tree.addFile('/circle/x', 0o644, content)).toThrow(/not a directory/);
  expect(tree.lookup('/circle')).toBeUndefined();
});

test('the root can be nothing but a directory', () => {
  expect(() => new FileTree().addSymlink('/.', '/etc')).toThrow('root');
  expect(() => new FileTree().addFile('.', 0o644, content)).toThrow('root');
});

test('a directory with files is not replaced by a file', () => {
  const tree = new FileTree();
  tree.addFile('/a/b', 0o644, content);
  expect(() => tree.addFile('/a', 0o644, content)).toThrow(/both/);
});

test('set-user-id is dropped, hard links name files of the tree only', () => {
  const tree = new FileTree();
  tree.addFile('/su', 0o4755, content);
  expect(tree.lookup('/su')).toMatchObject({ mode: 0o755 });
  tree.addHardLink('/again', '/su');
  expect(tree.lookup('/again')).toMatchObject({ mode: 0o755 });
  expect(() => tree.addHardLink('/shadow', '/etc/shadow')).toThrow(/no file of the image/);
});
