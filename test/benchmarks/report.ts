/** The result for people: a table for the terminal, a Markdown page with charts drawn as SVG. */
import { advantage, type BenchmarkRow, reached } from './result.ts';

export interface PartReport {
  readonly name: string;
  readonly title: string;
  readonly conditions: string;
  readonly rows: readonly BenchmarkRow[];
}

export function formatNumber(value: number | undefined): string {
  if (value === undefined) return '—';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { maximumFractionDigits: digits });
}

/** The row's aim in words: `< 80`, `≥ 2.5×`. */
export function aimOf(row: BenchmarkRow): string {
  if (row.bound !== undefined) return `< ${formatNumber(row.bound)}`;
  return row.ratioWanted === undefined ? '' : `≥ ${row.ratioWanted}×`;
}

function verdict(row: BenchmarkRow): string {
  const yes = reached(row);
  return yes === undefined ? '' : yes ? 'reached' : 'NOT reached';
}

function cells(row: BenchmarkRow): string[] {
  const ratio = advantage(row);
  return [
    row.label,
    row.unit,
    formatNumber(row.linux),
    formatNumber(row.osv),
    ratio === undefined ? '—' : `${formatNumber(ratio)}×`,
    aimOf(row),
    verdict(row),
  ];
}

const heads = ['what', 'unit', 'Linux', 'OS^v', 'better by', 'aim', ''];

export function terminalTable(reports: readonly PartReport[]): string {
  const lines: string[] = [];
  for (const report of reports) {
    const table = [heads, ...report.rows.map(cells)];
    const widths = heads.map((_, column) => Math.max(...table.map((line) => (line[column] ?? '').length)));
    lines.push('', `${report.title} (${report.conditions})`);
    for (const line of table) {
      lines.push(
        line
          .map((cell, column) =>
            column >= 2 && column <= 4 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
          )
          .join('  ')
          .trimEnd(),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

export function markdownPage(reports: readonly PartReport[], when: Date, machine: string): string {
  const lines = [
    '# Benchmarks',
    '',
    `Measured ${when.toISOString().slice(0, 10)} on ${machine}. "Better by" is the cost of Linux over that of OS^v, or the throughput of OS^v over that of Linux: below 1× Linux wins.`,
  ];
  for (const report of reports) {
    lines.push(
      '',
      `## ${report.title}`,
      '',
      `${report.conditions}.`,
      '',
      `![${report.title}: OS^v against Linux](${report.name}.svg)`,
      '',
    );
    lines.push(`| ${heads.map((head) => head || 'result').join(' | ')} |`, `|---|---|---:|---:|---:|---|---|`);
    for (const row of report.rows) lines.push(`| ${cells(row).join(' | ')} |`);
    for (const row of report.rows) if (row.note !== undefined) lines.push('', `${row.label}: ${row.note}.`);
  }
  return `${lines.join('\n')}\n`;
}

const escapeText = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Bars of advantage over Linux on a logarithmic scale: right of the line OS^v wins, left of it Linux does. */
export function chart(report: PartReport): string {
  const rows = report.rows.flatMap((row) => {
    const ratio = advantage(row);
    return ratio === undefined ? [] : [{ label: row.label, ratio }];
  });
  const [labelWidth, barSpace, lineHeight, top] = [390, 420, 26, 34];
  const reach = Math.max(1, ...rows.map(({ ratio }) => Math.abs(Math.log2(ratio))));
  const middle = labelWidth + barSpace / 2;
  const height = top + rows.length * lineHeight + 16;
  const shapes = rows.map(({ label, ratio }, index) => {
    const y = top + index * lineHeight;
    const length = (Math.abs(Math.log2(ratio)) / reach) * (barSpace / 2 - 50);
    const wins = ratio >= 1;
    const x = wins ? middle : middle - length;
    const textX = wins ? middle + length + 5 : middle - length - 5;
    return [
      `<text x="${labelWidth - 12}" y="${y + 16}" text-anchor="end">${escapeText(label)}</text>`,
      `<rect x="${x.toFixed(1)}" y="${y + 4}" width="${Math.max(1, length).toFixed(1)}" height="17" fill="${wins ? '#2a7f62' : '#b5483a'}"/>`,
      `<text x="${textX.toFixed(1)}" y="${y + 16}" text-anchor="${wins ? 'start' : 'end'}">${formatNumber(ratio)}×</text>`,
    ].join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${labelWidth + barSpace + 20}" height="${height}" font-family="sans-serif" font-size="13">`,
    '<rect width="100%" height="100%" fill="white"/>',
    `<text x="${middle - 8}" y="20" text-anchor="end" fill="#b5483a">Linux better</text><text x="${middle + 8}" y="20" fill="#2a7f62">OS^v better</text>`,
    `<line x1="${middle}" y1="26" x2="${middle}" y2="${height - 8}" stroke="#888"/>`,
    ...shapes,
    '</svg>\n',
  ].join('\n');
}
