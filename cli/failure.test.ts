import { LocalError } from '@osv/local/errors.ts';
import { expect, test } from 'vitest';
import { describeFailure } from './failure.ts';

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: cannot, write`), { code, syscall: 'write' });
}

test('a full disk is told with what to do about it', () => {
  const { message, exitCode, expected } = describeFailure(systemError('ENOSPC'));
  expect(message).toMatch(/^There is no space left on a disk .*ENOSPC: cannot, write.*XDG_STATE_HOME/);
  expect([exitCode, expected]).toEqual([125, true]);
});

test('other failures of the system keep their words', () => {
  expect(describeFailure(systemError('EIO')).message).toBe('EIO: cannot, write');
});

test('an error of ours keeps its exit code, and what nobody foresaw is called a defect', () => {
  const absent = new LocalError('not-found', 'x does not exist.', { exitCode: 127 });
  expect(describeFailure(absent)).toEqual({ message: 'x does not exist.', exitCode: 127, expected: true });
  expect(describeFailure(new TypeError('oops')).message).toMatch(/^This is a defect of osv, please report it: .*oops/);
});
