/** The words of the result: one line at the end, and a page of failures for whoever mends them. */

export interface Row {
  /** `group/name (variant), N CPUs`. */
  readonly id: string;
  readonly program: string;
  readonly passed: boolean;
  readonly reasons: readonly string[];
  /** The last lines of the kernel's log. */
  readonly serialTail: string;
  readonly wallMs: number;
}

/** `N passed, N failed`, alone on its line. */
export function summaryLine(rows: readonly Row[]): string {
  const passed = rows.filter((row) => row.passed).length;
  return `${passed} passed, ${rows.length - passed} failed`;
}

/** Failures as Markdown: failing programs first as a list, then each with its differences and the log's end. */
export function failureReport(rows: readonly Row[]): string {
  const failed = rows.filter((row) => !row.passed);
  const lines = ['# Conformance failures', '', `${summaryLine(rows)}.`, ''];
  for (const [program, list] of Map.groupBy(failed, (row) => row.program)) {
    const all = rows.filter((row) => row.program === program).length;
    lines.push(`- ${program}: ${list.length} of ${all}: ${list[0]?.reasons[0] ?? ''}`);
  }
  for (const [program, list] of Map.groupBy(failed, (row) => row.program)) {
    const [row] = list;
    if (row === undefined) continue;
    lines.push('', `## ${program}`, '', `Failed as: ${list.map((other) => other.id).join('; ')}`, '', '```');
    lines.push(...row.reasons, '--- end of the kernel log', row.serialTail, '```');
  }
  return `${lines.join('\n')}\n`;
}
