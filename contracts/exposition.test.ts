import { expect, test } from 'vitest';
import { parseExposition, sumOfSamples } from './exposition.ts';

test('an exposition is read with its labels', () => {
  const samples = parseExposition(
    '# TYPE osv_syscalls_total counter\nosv_syscalls_total{name="read"} 5\nosv_syscalls_total{name="a\\"b"} 2 1700000\nosv_uptime_seconds 1.5\n# EOF\n',
  );
  expect(samples).toHaveLength(3);
  expect(sumOfSamples(samples, 'osv_syscalls_total')).toBe(7);
  expect(sumOfSamples(samples, 'osv_syscalls_total', { name: 'a"b' })).toBe(2);
});
