import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { compile } from '../testing/compile.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { FileTree } from './file-tree.ts';
import { missingLibraries } from './tree-libraries.ts';

const folder = temporaryFolder();

function library(name: string, source: string, ...flags: string[]): string {
  return compile(source, join(folder, name), '-shared', '-fPIC', '-nostdlib', `-Wl,-soname,${name}`, ...flags);
}

test('libraries are looked for in the tree as its loader would, and not on this machine', () => {
  const plain = library('libplain.so', 'int f(void) { return 1; }');
  const deep = library('libdeep.so', 'int f(void); int g(void) { return f(); }', plain);
  const origin = '-Wl,-rpath,$ORIGIN/../private';
  const program = compile('int g(void); int main(void) { return g(); }', join(folder, 'program'), deep, plain, origin);
  const tree = new FileTree();
  const add = (path: string, file: string) => tree.addFile(path, 0o755, { bytes: readFileSync(file) });
  add('/opt/bin/program', program);
  add('/opt/private/libdeep.so', deep);
  const missing = () => missingLibraries(tree, ['/opt/bin/program', '/opt/private/libdeep.so']);
  expect(missing()).toEqual([
    { name: 'libc.so.6', neededBy: '/opt/bin/program' },
    { name: 'libplain.so', neededBy: '/opt/private/libdeep.so' },
  ]);
  tree.addFile('/etc/ld.so.conf', 0o644, { bytes: Buffer.from('include conf.d/*.conf\n/usr/own\n') });
  tree.addSymlink('/usr/own', '../real');
  add('/real/libplain.so', plain);
  expect(missing()).toEqual([{ name: 'libc.so.6', neededBy: '/opt/bin/program' }]);
});

test('the bytes of libraries do not stay in memory while others are looked for', () => {
  const libraryBytes = 16 * 2 ** 20;
  const names = ['one', 'two', 'three', 'four'].map((name) => `lib${name}.so`);
  const files = names.map((name) => library(name, `char a[${libraryBytes}] = { 1 }; int f(void) { return a[2]; }`));
  const program = compile('int main(void) { return 0; }', join(folder, 'large'), '-Wl,--no-as-needed', ...files);
  v8.setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const held: number[] = [];
  class MeasuredTree extends FileTree {
    override lookup(...words: Parameters<FileTree['lookup']>) {
      collect();
      held.push(process.memoryUsage().arrayBuffers);
      return super.lookup(...words);
    }
  }
  const tree = new MeasuredTree();
  const add = (path: string, file: string) =>
    tree.addFile(path, 0o755, { path: file, size: statSync(file).size, movable: false });
  add('/bin/large', program);
  for (const [index, file] of files.entries()) add(`/usr/lib/${names[index]}`, file);
  held.length = 0;
  expect(missingLibraries(tree, ['/bin/large']).map(({ name }) => name)).toEqual(['libc.so.6']);
  expect(Math.max(...held) - (held[0] ?? 0)).toBeLessThan(2 * libraryBytes);
});
