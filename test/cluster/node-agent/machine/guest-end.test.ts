import { expect, test } from 'vitest';
import { type EndOfGuest, outcomeOf } from './guest-end.ts';

const end: EndOfGuest = {
  shutdownReason: undefined,
  panicked: false,
  stop: 'none',
  gracePeriodSeconds: 30,
  qemu: { code: 0, signal: null },
  qemuMessage: '',
};

test.each<[string, Partial<EndOfGuest>, 'Succeeded' | 'Failed']>([
  ['the guest switches itself off', { shutdownReason: 'guest-shutdown' }, 'Succeeded'],
  ['it does so when asked to', { shutdownReason: 'guest-shutdown', stop: 'asked' }, 'Succeeded'],
  ['it does so just before it is switched off', { shutdownReason: 'guest-shutdown', stop: 'forced' }, 'Succeeded'],
  ['the grace period is over', { shutdownReason: 'host-qmp-quit', stop: 'forced' }, 'Failed'],
  ['there was no grace period', { stop: 'forced', gracePeriodSeconds: 0 }, 'Succeeded'],
  ['the guest panics', { panicked: true, shutdownReason: 'guest-panic' }, 'Failed'],
  ['QEMU crashes', { qemu: { code: null, signal: 'SIGKILL' } }, 'Failed'],
  ['QEMU cannot start', { qemu: { code: 1, signal: null }, qemuMessage: 'no such file' }, 'Failed'],
])('when %s', (_, change, phase) => {
  expect(outcomeOf({ ...end, ...change }).phase).toBe(phase);
});

test('QEMU’s last complaint is told', () => {
  const { message } = outcomeOf({ ...end, qemu: { code: 1, signal: null }, qemuMessage: 'warning\nno such file\n' });
  expect(message).toBe('QEMU ended with code 1: no such file.');
});
