import { describe, expect, it } from 'vitest';
import { choose, objection } from './failures.ts';
import { findPrograms, parseProgram } from './programs.ts';

describe('directives', () => {
  it('are defaults when there are none', () => {
    const program = parseProgram('programs/one.c', '// What must hold.\n#include "stress.h"\n');
    expect(program).toMatchObject({ name: 'one', about: 'What must hold.', onLinux: true, dataMib: 0, logs: '' });
    expect(program).toMatchObject({ end: { kind: 'exit', code: 0 }, prints: 'one: right\n', linuxArguments: [] });
  });

  it('say how a program ends', () => {
    const text = '// It dies.\n// linux: no\n// memory: 96\n// ends: signal 9\n// says: out of memory\n';
    expect(parseProgram('programs/two.c', text)).toMatchObject({
      onLinux: false,
      memoryMib: 96,
      end: { kind: 'signal', signal: 9 },
      prints: '',
      logs: 'out of memory',
    });
  });

  it('are refused when unknown or wrong', () => {
    expect(() => parseProgram('p.c', '// A.\n// colour: red\n')).toThrow('unknown directive "colour"');
    expect(() => parseProgram('p.c', '// A.\n// ends: badly\n')).toThrow('signal N');
  });

  it('are right in every program', () => {
    const programs = findPrograms();
    expect(programs.length).toBeGreaterThanOrEqual(16);
    for (const program of programs) expect(program.about, program.name).toMatch(/[.;,:]$|[a-z]$/);
  });
});

describe('failures', () => {
  it('come at every place when there are boots for it', () => {
    expect(choose(3, 10, 1)).toEqual([1, 2, 3]);
  });

  it('come evenly apart, elsewhere with another seed', () => {
    const chosen = choose(1000, 10, 1);
    expect(chosen).toHaveLength(10);
    expect(new Set(chosen.map((number) => Math.floor((number - 1) / 100))).size).toBeGreaterThanOrEqual(9);
    expect(Math.min(...chosen)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...chosen)).toBeLessThanOrEqual(1000);
    expect(choose(1000, 10, 2)).not.toEqual(chosen);
  });

  it('may end a program or a boot, and nothing else', () => {
    expect(objection({ kind: 'exit', code: 0 })).toBeUndefined();
    expect(objection({ kind: 'exit', code: 127 })).toBeUndefined();
    expect(objection({ kind: 'signal', signal: 9 })).toBeUndefined();
    expect(objection({ kind: 'failed', message: 'there is too little memory' })).toBeUndefined();
    expect(objection({ kind: 'failed', message: 'panic: page fault' })).toContain('panic');
    expect(objection({ kind: 'exit', code: 99 })).toContain('wrong error');
    expect(objection({ kind: 'timeout' })).toBe('no end in time');
    expect(objection({ kind: 'unknown' })).toBeDefined();
  });
});
