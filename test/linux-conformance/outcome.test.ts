import { describe, expect, it } from 'vitest';
import { differences, firstDifference } from './outcome.ts';
import { failureReport, summaryLine } from './report.ts';

const outcome = (stdout: string, code = 0) => ({
  end: { kind: 'exit', code } as const,
  stdout: Buffer.from(stdout),
  stderr: Buffer.alloc(0),
});

describe('differences', () => {
  it('finds none in equal outcomes', () => {
    expect(differences(outcome('a\nb\n'), outcome('a\nb\n'))).toEqual([]);
  });

  it('names the first line that differs, with the one before it', () => {
    expect(firstDifference('stdout', Buffer.from('a\nb\nc\n'), Buffer.from('a\nX\nc\n')).slice(0, 4)).toEqual([
      'stdout differs from line 2 on',
      '    before:   "a"',
      '    expected: "b"',
      '    actual:   "X"',
    ]);
  });

  it('tells an exit code from a signal', () => {
    const killed = { ...outcome(''), end: { kind: 'signal', signal: 11 } as const };
    expect(differences(outcome('', 3), killed)).toEqual(['end: expected exit code 3, actual killed by signal 11']);
  });

  it('sees a missing end of line', () => {
    expect(differences(outcome('a\n'), outcome('a'))).not.toEqual([]);
  });
});

describe('report', () => {
  const row = (id: string, passed: boolean) => ({
    id,
    program: 'group/name',
    passed,
    reasons: passed ? [] : ['because'],
    serialTail: 'last words',
    wallMs: 1,
  });

  it('ends with a line that counts', () => {
    expect(summaryLine([row('a', true), row('b', false)])).toBe('1 passed, 1 failed');
  });

  it('holds the reasons and the end of the log of failures only', () => {
    const text = failureReport([row('good', true), row('bad', false)]);
    expect(text).toContain('because');
    expect(text).toContain('last words');
    expect(text).toContain('Failed as: bad');
    expect(text).not.toContain('good');
  });
});
