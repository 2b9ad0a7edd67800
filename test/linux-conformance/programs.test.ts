import { describe, expect, it } from 'vitest';
import { findPrograms, parseProgram, splitWords } from './programs.ts';

describe('program directives', () => {
  it('reads variants, arguments, input and flags from the first lines', () => {
    const text =
      '// What must hold.\n// variants: dynamic musl\n// arguments: one "two words" ""\n// input: a\\nb\n// compile: -O0\n#include <x>\n// link: no\n';
    const program = parseProgram('/somewhere/group/name.cc', text);
    expect(program).toMatchObject({
      id: 'group/name',
      about: 'What must hold.',
      variants: ['dynamic', 'musl'],
      arguments: ['one', 'two words', ''],
      input: 'a\nb',
      compileFlags: ['-O0'],
    });
  });

  it('refuses what it does not know', () => {
    expect(() => parseProgram('/g/n.c', '// x\n// variants: exotic\n')).toThrow('unknown variant "exotic"');
    expect(() => parseProgram('/g/n.c', '// x\n// colour: red\n')).toThrow('unknown directive "colour"');
  });

  it('keeps empty and spaced words', () => {
    expect(splitWords('a "b c" "" d')).toEqual(['a', 'b c', '', 'd']);
  });
});

describe('the set of programs', () => {
  const programs = findPrograms();

  it('is as large as promised, in every group', () => {
    expect(programs.length).toBeGreaterThanOrEqual(150);
    const groups = new Set(programs.map((program) => program.group));
    for (const group of [
      'threads',
      'futex',
      'signals',
      'memory',
      'epoll',
      'pipes',
      'sockets',
      'files',
      'time',
      'tls',
      'dlopen',
      'cpp',
      'process',
      'proc',
      'errors',
    ]) {
      expect(groups).toContain(group);
    }
  });

  it('says of each program what must hold', () => {
    for (const program of programs) expect(program.about, program.id).toMatch(/[.)]$/);
  });
});
