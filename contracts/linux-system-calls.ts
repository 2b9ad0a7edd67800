import table from './linux-system-calls.json' with { type: 'json' };

const numbers: ReadonlyMap<string, number> = new Map(Object.entries(table.x86_64));
const names: ReadonlyMap<number, string> = new Map([...numbers].map(([name, number]) => [number, name]));

/** The number of a Linux system call on x86-64, or undefined for a name that is none. */
export function systemCallNumber(name: string): number | undefined {
  return numbers.get(name);
}

/** The name of a Linux system call on x86-64, or undefined for an unknown number. */
export function systemCallName(number: number): string | undefined {
  return names.get(number);
}
