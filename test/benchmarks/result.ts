/** What a benchmark part hands back, and small arithmetic over samples. */

export interface BenchmarkRow {
  /** Stable name for machines, `micro.futex_ping_pong`. */
  readonly id: string;
  /** For people. */
  readonly label: string;
  readonly unit: string;
  readonly better: 'lower' | 'higher';
  readonly linux: number | undefined;
  readonly osv: number | undefined;
  /** OS^v must be below this (measuring's column), in the row's unit. */
  readonly bound?: number;
  /** For throughput: OS^v must be this many times Linux. */
  readonly ratioWanted?: number;
  /** Says why a figure is missing, or how it was taken. */
  readonly note?: string;
}

export interface BenchmarkPart {
  readonly name: string;
  readonly title: string;
  readonly conditions: string;
  run(options: PartOptions): Promise<BenchmarkRow[]>;
}

export interface PartOptions {
  /** Rounds of whatever is timed by the wall clock. */
  readonly rounds: number;
  readonly systems: readonly ('linux' | 'osv')[];
  log(message: string): void;
}

/** Adds to the list of a key, made if missing. */
export function append<Key extends string, Value>(lists: Partial<Record<Key, Value[]>>, key: Key, value: Value): void {
  const list: Value[] = lists[key] ?? [];
  list.push(value);
  lists[key] = list;
}

export function median(samples: readonly number[]): number | undefined {
  if (samples.length === 0) return undefined;
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/** How much better OS^v is: 2 means half the cost, or twice the throughput. */
export function advantage(row: BenchmarkRow): number | undefined {
  if (row.linux === undefined || row.osv === undefined || row.osv === 0 || row.linux === 0) return undefined;
  return row.better === 'lower' ? row.linux / row.osv : row.osv / row.linux;
}

/** Whether the row's aim is reached; undefined where there is none, or no figure. */
export function reached(row: BenchmarkRow): boolean | undefined {
  if (row.osv === undefined) return undefined;
  if (row.bound !== undefined) return row.osv < row.bound;
  const ratio = advantage(row);
  if (row.ratioWanted === undefined || ratio === undefined) return undefined;
  return ratio >= row.ratioWanted;
}
