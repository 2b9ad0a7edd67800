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
  return formatTable(shownColumns(listing, format), rows);
}

/**
 * Rows that come one after another: a table whose columns keep their places, titles first; else one document for each.
 */
export class RowStream<Row> {
  readonly #format: OutputFormat;
  #widths: number[] | undefined;

  constructor(format: OutputFormat) {
    this.#format = format;
  }

  /** The text for some more rows; the listing may be a new one, with another time, but has the same columns. */
  async next(listing: Listing<Row>, rows: Row[]): Promise<string> {
    if (this.#format !== 'table' && this.#format !== 'wide') {
      return (await Promise.all(rows.map((row) => this.#document(listing, row)))).join('');
    }
    const columns = shownColumns(listing, this.#format);
    const titles = this.#widths === undefined;
    const cells = cellsOf(columns, rows, titles);
    this.#widths = widthsOf(cells, this.#widths);
    return formatCells(cells, this.#widths);
  }

  async #document(listing: Listing<Row>, row: Row): Promise<string> {
    if (this.#format === 'name') return `${listing.name(row)}\n`;
    const data = listing.data?.(row) ?? row;
    if (this.#format === 'json') return `${JSON.stringify(data, undefined, 2)}\n`;
    return `---\n${(await import('yaml')).stringify(data)}`;
  }
}

const gap = '   ';

function shownColumns<Row>({ columns }: Listing<Row>, format: OutputFormat): Column<Row>[] {
  return columns.filter((column) => format === 'wide' || !column.wide);
}

/** Columns as kubectl lays them out: left-aligned, three spaces apart, no rules. */
function formatTable<Row>(columns: Column<Row>[], rows: Row[]): string {
  const cells = cellsOf(columns, rows, true);
  return formatCells(cells, widthsOf(cells));
}

function cellsOf<Row>(columns: Column<Row>[], rows: Row[], titles: boolean): string[][] {
  const lines = rows.map((row) => columns.map((column) => column.value(row)));
  return titles ? [columns.map((column) => column.title), ...lines] : lines;
}

function widthsOf(cells: string[][], before: number[] = []): number[] {
  const columns = cells[0]?.length ?? before.length;
  return Array.from({ length: columns }, (_, index) =>
    Math.max(before[index] ?? 0, ...cells.map((line) => line[index]?.length ?? 0)),
  );
}

function formatCells(cells: string[][], widths: number[]): string {
  return cells
    .map((line) => line.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join(gap))
    .map((line) => `${line.trimEnd()}\n`)
    .join('');
}
