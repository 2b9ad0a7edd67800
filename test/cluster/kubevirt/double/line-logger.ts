import type { Logger } from '@osv/operator/reconcile-runtime';

/** One JSON object a line on standard error, as pino writes it, without a dependency on it. */
export function lineLogger(name: string): Logger {
  const write = (level: string) => (fields: object, message: string) => {
    const values = Object.entries(fields).map(([key, value]) => [
      key,
      value instanceof Error ? describe(value) : value,
    ]);
    const line = { level, time: new Date().toISOString(), name, ...Object.fromEntries(values), msg: message };
    process.stderr.write(`${JSON.stringify(line)}\n`);
  };
  return { debug() {}, info: write('info'), warn: write('warn'), error: write('error') };
}

function describe({ name, message, stack }: Error): object {
  return { name, message, stack };
}
