import { describe, expect, it } from 'vitest';
import { endOf, qemuArguments, quoteWord, withoutKernelLog } from './qemu.ts';

describe('endOf', () => {
  it('believes the control port first', () => {
    expect(
      endOf(
        [
          { event: 'ready', bootMicroseconds: 5 },
          { event: 'exit', code: 7 },
        ],
        '',
      ),
    ).toEqual({ kind: 'exit', code: 7 });
    expect(endOf([{ event: 'exit', signal: 11 }], '')).toEqual({ kind: 'signal', signal: 11 });
    expect(endOf([{ event: 'failed', message: 'no such file' }], '')).toEqual({
      kind: 'failed',
      message: 'failed: no such file',
    });
  });

  it('reads the serial line without it', () => {
    expect(endOf([], '[    0.1] osv: program exited with code 3\r\n')).toEqual({ kind: 'exit', code: 3 });
    expect(endOf([], 'osv: program killed by signal 6 (SIGABRT)')).toEqual({ kind: 'signal', signal: 6 });
    expect(endOf([], 'nothing of note')).toEqual({ kind: 'unknown' });
  });

  it('lets a panic win over everything', () => {
    expect(endOf([{ event: 'exit', code: 0 }], 'osv: panic: double free\n')).toEqual({
      kind: 'failed',
      message: 'panic: double free',
    });
  });
});

describe('words and logs', () => {
  it('quotes what the kernel would split', () => {
    expect(['plain', 'two words', 'a"b', ''].map(quoteWord)).toEqual(['plain', '"two words"', '"a\\"b"', '""']);
  });

  it('tells program output from the kernel log', () => {
    expect(withoutKernelLog('[    0.000100] booted\r\nhello\r\nosv: program exited with code 0\r\n')).toBe('hello\n');
  });

  it('counts instructions on one thread only', () => {
    const words = qemuArguments({ kernel: 'k', commandLine: '', countInstructions: true }, '/f').join(' ');
    expect(words).toContain('-accel tcg ');
    expect(words).toContain('-icount shift=0,sleep=off');
  });
});
