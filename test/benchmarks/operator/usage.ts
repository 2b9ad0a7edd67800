import { readFile } from 'node:fs/promises';

/** What a process has used so far; proc(5). */
export interface Usage {
  readonly cpuSeconds: number;
  readonly residentMebibytes: number;
  /** The most it ever was. */
  readonly peakMebibytes: number;
}

/** USER_HZ, which Linux fixes at 100 for user space on x86. */
const ticksPerSecond = 100;

export async function usageOf(pid: number): Promise<Usage> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  // The name before the last bracket may hold blanks; utime and stime are fields 14 and 15, the state is field 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const kibibytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  return {
    cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
    residentMebibytes: kibibytes('VmRSS') / 1024,
    peakMebibytes: kibibytes('VmHWM') / 1024,
  };
}

/** CPU seconds of several processes, by name; one that does not run has used nothing. */
export async function cpuOf(pids: Readonly<Record<string, number | undefined>>): Promise<Record<string, number>> {
  const pairs = await Promise.all(
    Object.entries(pids).map(async ([name, pid]) => {
      const usage = pid === undefined ? undefined : await usageOf(pid).catch(() => undefined);
      return [name, usage?.cpuSeconds ?? 0] as const;
    }),
  );
  return Object.fromEntries(pairs);
}
