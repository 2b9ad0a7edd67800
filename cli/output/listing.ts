import { LocalError } from '@osv/local/errors.ts';

export const outputFormats = ['table', 'wide', 'name', 'json', 'yaml'] as const;
export type OutputFormat = (typeof outputFormats)[number];

export interface Column<Row> {
  title: string;
  value: (row: Row) => string;
  /** Shown by `-o wide` only. */
  wide?: boolean;
}

export interface Listing<Row> {
  columns: Column<Row>[];
  name: (row: Row) => string;
  /** What json and yaml show of a row; the row itself without it. */
  data?: (row: Row) => unknown;
}

/** @throws LocalError invalid-argument */
export function parseOutputFormat(text: string): OutputFormat {
  const format = outputFormats.find((known) => known === text);
  if (format) return format;
  throw new LocalError(
    'invalid-argument',
    `"${text}" is no output format; there are ${outputFormats.slice(1).join(', ')}.`,
  );
}

/** The text of a listing, with a line feed at its end unless it is empty. */
export async function formatListing<Row>(listing: Listing<Row>, rows: Row[], format: OutputFormat): Promise<string> {
  const data = () => rows.map((row) => listing.data?.(row) ?? row);
  if (format === 'json') return `${JSON.stringify(data(), undefined, 2)}\n`;
  if (format === 'yaml') return (await import('yaml')).stringify(data());
  if (format === 'name') return rows.map((row) => `${listing.name(row)}\n`).join('');
  return formatTable(
    listing.columns.filter((column) => format === 'wide' || !column.wide),
    rows,
  );
}

const gap = '   ';

/** Columns as kubectl lays them out: left-aligned, three spaces apart, no rules. */
function formatTable<Row>(columns: Column<Row>[], rows: Row[]): string {
  const cells = [
    columns.map((column) => column.title),
    ...rows.map((row) => columns.map((column) => column.value(row))),
  ];
  const widths = columns.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0)));
  return cells
    .map(
      (line) =>
        `${line
          .map((cell, index) => cell.padEnd(widths[index] ?? 0))
          .join(gap)
          .trimEnd()}\n`,
    )
    .join('');
}
