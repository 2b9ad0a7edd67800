import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { compile } from '../testing/compile.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { parseElf } from './elf-file.ts';
import { findLibraries, readProgram } from './library-search.ts';

const folder = temporaryFolder();
let program: string;

beforeAll(() => {
  compile(
    'int inner(void) { return 7; }',
    join(folder, 'libinner.so'),
    '-shared',
    '-fPIC',
    '-Wl,-soname,libinner.so.1',
  );
  writeFileSync(join(folder, 'libinner.so.1'), readFileSync(join(folder, 'libinner.so')));
  const flags = ['-shared', '-fPIC', `-L${folder}`, '-linner', '-Wl,-rpath,$ORIGIN', '-Wl,--enable-new-dtags'];
  compile('int inner(void); int outer(void) { return inner(); }', join(folder, 'libouter.so'), ...flags);
  const link = [`-L${folder}`, '-louter', '-Wl,-rpath,$ORIGIN', '-Wl,--allow-shlib-undefined'];
  program = compile('int outer(void); int main(void) { return outer(); }', join(folder, 'program'), ...link);
});

test('what readelf(1) says of a program is read', () => {
  const { elf } = readProgram(program);
  const readelf = execFileSync('readelf', ['-dlW', program], { encoding: 'utf8' });
  const needed = [...readelf.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map((match) => match[1]);
  expect(elf.needed).toEqual(needed);
  expect(elf.interpreter).toBe(/interpreter: (\S+)\]/.exec(readelf)?.[1]);
  expect(elf.runpath).toEqual(['$ORIGIN']);
  expect(elf.undefinedSymbols).toContain('outer');
  expect(elf.type).toBe('shared');
  expect(elf.code.length).toBeGreaterThan(0);
});

test('libraries of libraries are found through $ORIGIN', () => {
  const { libraries, missing } = findLibraries(program, readProgram(program).elf);
  expect(missing).toEqual([]);
  expect(libraries.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['libouter.so', 'libinner.so.1', 'libc.so.6']),
  );
});

test('every missing library is listed', () => {
  const copy = join(temporaryFolder(), 'program');
  writeFileSync(copy, readFileSync(program));
  expect(findLibraries(copy, readProgram(copy).elf).missing).toEqual([{ name: 'libouter.so', neededBy: copy }]);
});

test('a program cut anywhere is an error and no crash', () => {
  const bytes = readFileSync(program);
  for (let size = 0; size < bytes.length; size += 97) {
    try {
      parseElf(bytes.subarray(0, size), 'cut');
    } catch (error) {
      expect(error).toMatchObject({ name: 'BuildError', code: 'not-runnable' });
    }
  }
});

test('bytes changed anywhere in the headers are an error or harmless', () => {
  const bytes = readFileSync(program);
  for (let at = 0; at < 1024; at++) {
    for (const value of [0, 0x7f, 0xff]) {
      const changed = Buffer.from(bytes);
      changed[at] = value;
      try {
        parseElf(changed, 'changed');
      } catch (error) {
        expect(error).toMatchObject({ name: 'BuildError' });
      }
    }
  }
});

test.each([
  ['script', '#!/bin/sh\necho hi\n', /is a script for \/bin\/sh/],
  ['text', 'hello', /is no ELF file/],
  ['empty', '', /is empty/],
])('a %s is no program', (name, text, message) => {
  const path = join(folder, name);
  writeFileSync(path, text);
  expect(() => readProgram(path)).toThrow(message);
});

test.each([
  [18, 183, /is a program for arm64/],
  [18, 3, /is a program for i386/],
  [16, 4, /object file or core dump/],
])('byte %i = %i is explained', (at, value, message) => {
  const bytes = readFileSync(program);
  bytes.writeUInt16LE(value, at);
  const path = join(folder, 'other');
  writeFileSync(path, bytes);
  expect(() => readProgram(path)).toThrow(message);
});

test('a 32-bit program is explained', () => {
  const bytes = readFileSync(program);
  bytes[4] = 1;
  const path = join(folder, 'narrow');
  writeFileSync(path, bytes);
  expect(() => readProgram(path)).toThrow(/32-bit/);
});

test('what is absent or a folder is said so', () => {
  expect(() => readProgram(join(folder, 'absent'))).toThrow(/does not exist/);
  expect(() => readProgram(folder)).toThrow(/is a folder/);
});
