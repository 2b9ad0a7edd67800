import { expect, test } from 'vitest';
import { parseExposition, sum } from './exposition.ts';
import { usageBetween } from './usage.ts';

test('an exposition is read with its labels', () => {
  const samples = parseExposition(
    '# TYPE osv_syscalls_total counter\nosv_syscalls_total{name="read"} 5\nosv_syscalls_total{name="a\\"b"} 2 1700000\nosv_uptime_seconds 1.5\n# EOF\n',
  );
  expect(samples).toHaveLength(3);
  expect(sum(samples, 'osv_syscalls_total')).toBe(7);
  expect(sum(samples, 'osv_syscalls_total', { name: 'a"b' })).toBe(2);
});

test('usage is what changed between two readings', () => {
  const at = (takenAt: number, busy: number, calls: number) => ({
    takenAt,
    samples: parseExposition(
      `osv_cpu_busy_seconds_total{cpu="0"} ${busy}\nosv_syscalls_total{name="read"} ${calls}\nosv_memory_size_bytes 100\nosv_memory_free_bytes 25\n`,
    ),
  });
  const usage = usageBetween(at(1000, 1, 10), at(3000, 2, 50));
  expect(usage).toMatchObject({ cpuPercent: 50, systemCallsPerSecond: 20, memoryUsedBytes: 75 });
});
