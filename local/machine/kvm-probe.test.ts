import { expect, test } from 'vitest';
import { probeAccelerator, type RunProbe, withQemuProbe } from './kvm-probe.ts';

const timesOf =
  (times: { tcg: number | undefined; kvm: number | undefined }): RunProbe =>
  async (accelerator) =>
    times[accelerator];

test('KVM is taken when its guest ends first', async () => {
  expect(await probeAccelerator(timesOf({ tcg: 300, kvm: 80 }))).toEqual({ accelerator: 'kvm', reason: undefined });
});

test.each([
  { tcg: 300, kvm: undefined },
  { tcg: 300, kvm: 301 },
  { tcg: undefined, kvm: 80 },
])('emulation is taken, with a reason, for %o', async (times) => {
  const result = await probeAccelerator(timesOf(times));
  expect(result.accelerator).toBe('tcg');
  expect(result.reason).toMatch(/\.$/);
});

test('KVM gets no more time than emulation took', async () => {
  const limits: Record<string, number> = {};
  await probeAccelerator(async (accelerator, limit) => {
    limits[accelerator] = limit;
    return accelerator === 'tcg' ? 250 : undefined;
  });
  expect(limits.kvm).toBe(250);
});

test('the probe guest runs to its end under emulation', async () => {
  const milliseconds = await withQemuProbe('qemu-system-x86_64', (runProbe) => runProbe('tcg', 30_000));
  expect(milliseconds).toBeGreaterThan(0);
});
