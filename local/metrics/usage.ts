import { parseExposition, type Sample, sumOfSamples as sum } from '@osv/contracts';

/** What a guest uses, over the time between two readings of its metrics. */
export interface Usage {
  /** Per cent of one CPU; up to 100 for each of the guest's. */
  cpuPercent: number;
  memoryUsedBytes: number;
  memorySizeBytes: number;
  threads: number;
  /** Established TCP connections. */
  connections: number;
  systemCallsPerSecond: number;
  contextSwitchesPerSecond: number;
  receivedBytesPerSecond: number;
  sentBytesPerSecond: number;
}

export interface Reading {
  /** performance.now() of the moment it was taken. */
  takenAt: number;
  samples: Sample[];
}

/** Reads /metrics once; undefined when the guest does not answer in time. */
export async function readMetrics(url: string, timeoutMilliseconds: number): Promise<Reading | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMilliseconds) });
    if (!response.ok) return undefined;
    return { takenAt: performance.now(), samples: parseExposition(await response.text()) };
  } catch {
    return undefined;
  }
}

/** Usage between two readings of one guest; pure. */
export function usageBetween(earlier: Reading, later: Reading): Usage {
  const seconds = Math.max((later.takenAt - earlier.takenAt) / 1000, 1e-3);
  const rate = (name: string) => Math.max(0, sum(later.samples, name) - sum(earlier.samples, name)) / seconds;
  const size = sum(later.samples, 'osv_memory_size_bytes');
  return {
    cpuPercent: 100 * rate('osv_cpu_busy_seconds_total'),
    memoryUsedBytes: size - sum(later.samples, 'osv_memory_free_bytes'),
    memorySizeBytes: size,
    threads: sum(later.samples, 'osv_threads'),
    connections: sum(later.samples, 'osv_tcp_connections', { state: 'established' }),
    systemCallsPerSecond: rate('osv_syscalls_total'),
    contextSwitchesPerSecond: rate('osv_context_switches_total'),
    receivedBytesPerSecond: rate('osv_network_receive_bytes_total'),
    sentBytesPerSecond: rate('osv_network_transmit_bytes_total'),
  };
}
