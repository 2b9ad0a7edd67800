#!/usr/bin/env node
import { CommanderError } from 'commander';
import { pino } from 'pino';
import { parseOptions } from './options.ts';
import { runOperator } from './run-operator.ts';

const exitCodes = { failed: 1, usage: 2 } as const;

try {
  const options = parseOptions(process.argv.slice(2), process.env);
  const logger = pino({ level: options.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const stop = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      logger.info({ signal }, 'Ending');
      stop.abort();
    });
  }
  try {
    const orderly = await runOperator(options, logger, stop.signal);
    // What still runs after a lost lease must not write anything any more.
    process.exit(orderly ? 0 : exitCodes.failed);
  } catch (error) {
    logger.fatal({ err: error }, error instanceof Error ? error.message : String(error));
    process.exit(exitCodes.failed);
  }
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? 0 : exitCodes.usage;
}
