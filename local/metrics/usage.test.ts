import { parseExposition } from '@osv/contracts';
import { expect, test } from 'vitest';
import { usageBetween } from './usage.ts';

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
