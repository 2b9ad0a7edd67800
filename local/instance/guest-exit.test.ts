import { expect, test } from 'vitest';
import { type EndOfMachine, guestExit } from './guest-exit.ts';

const quiet: EndOfMachine = {
  event: undefined,
  ready: true,
  stop: 'none',
  qemu: { code: 0, signal: null },
  qemuMessage: '',
  kernelLog: '',
};

test.each<[string, Partial<EndOfMachine>, number, string]>([
  ['a program that ends', { event: { event: 'exit', code: 7 } }, 7, 'program'],
  ['one ended by a signal', { event: { event: 'exit', signal: 11 } }, 139, 'signal'],
  ['one that ends when it is asked to', { event: { event: 'exit', code: 0 }, stop: 'asked' }, 0, 'stopped'],
  ['one that must be switched off', { stop: 'forced' }, 137, 'stopped'],
  [
    'a program that is missing',
    { event: { event: 'failed', status: 127, message: 'x' }, ready: false },
    127,
    'boot-failed',
  ],
  ['a boot that fails', { event: { event: 'failed', message: 'x' }, ready: false }, 125, 'boot-failed'],
  ['a panic', { event: { event: 'panic', message: 'x' } }, 125, 'panic'],
  ['a machine that dies', {}, 125, 'machine-failed'],
  ['an exit seen on the serial line only', { kernelLog: '[ 1.0] osv: program exited with code 3\n' }, 3, 'program'],
  ['a signal seen there', { kernelLog: 'osv: program killed by signal 6 (SIGABRT)\n' }, 134, 'signal'],
])('%s', (_, end, code, reason) => {
  expect(guestExit({ ...quiet, ...end })).toMatchObject({ code, reason });
});

test('a program that ended by itself needs no explanation', () => {
  expect(guestExit({ ...quiet, event: { event: 'exit', code: 1 } }).message).toBeUndefined();
});

test('a program that failed after it asked for a process is told what that means', () => {
  const kernelLog = '[ 0.4] warning: the program asked for a further process (fork): OS^v runs one\n';
  const exitOf = (code: number) => guestExit({ ...quiet, event: { event: 'exit', code }, kernelLog });
  expect(exitOf(1)).toMatchObject({ code: 1, reason: 'program', message: expect.stringContaining('(fork)') });
  expect(exitOf(0).message).toBeUndefined();
});

test.each<[Partial<EndOfMachine>, string]>([
  [{ event: { event: 'exit', signal: 11 } }, 'The program was ended by SIGSEGV.'],
  [
    { event: { event: 'exit', signal: 9 }, kernelLog: '[ 1.0] error: out of memory: the program needed a page' },
    'The program needs more memory than the guest has; give it more with --memory.',
  ],
  [{ event: { event: 'panic', message: 'out of frames' } }, 'The kernel panicked: out of frames'],
  [{ event: { event: 'failed', message: 'redis-server is not in the image' } }, 'redis-server is not in the image.'],
  [
    { qemu: { code: 1, signal: null }, qemuMessage: 'qemu-system-x86_64: -m 1: too small\n' },
    'QEMU could not run the machine: -m 1: too small',
  ],
  [{ qemu: { code: null, signal: 'SIGKILL' } }, 'QEMU was ended by SIGKILL.'],
  [{ ready: false }, 'The kernel did not start and left no message; it may need more memory (--memory).'],
  [
    { kernelLog: '[ 0.1] memory: 8 MiB\n' },
    'The machine stopped without saying how the program ended; its last message was: [ 0.1] memory: 8 MiB',
  ],
])('%o is told in one sentence', (end, message) => {
  expect(guestExit({ ...quiet, ...end }).message).toBe(message);
});
