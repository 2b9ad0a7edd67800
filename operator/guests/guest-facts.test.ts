import { expect, test } from 'vitest';
import { guestFacts } from './guest-facts.ts';

test('boot time and version are found among many other metrics', () => {
  const others = Array.from({ length: 1000 }, (_, index) => `osv_calls_total{call="${index}"} ${index}`).join('\n');
  const text = `# TYPE osv_boot_seconds gauge\nosv_boot_seconds 0.0125\n${others}\nosv_build_info{version="0.1.0"} 1\n`;
  expect(guestFacts(text)).toEqual({ bootMilliseconds: 12.5, kernelVersion: '0.1.0' });
});

test('a guest that says neither has no facts', () => {
  expect(guestFacts('osv_boot_seconds_total 3\n')).toEqual({ bootMilliseconds: undefined, kernelVersion: undefined });
  expect(guestFacts('')).toEqual({ bootMilliseconds: undefined, kernelVersion: undefined });
});
