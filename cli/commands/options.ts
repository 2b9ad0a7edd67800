import { LocalError } from '@osv/local/errors.ts';
import { type MachineType, machineTypes } from '@osv/local/machine/machine-spec.ts';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Context } from '../context.ts';
import { type OutputFormat, outputFormats, parseOutputFormat } from '../output/listing.ts';

/** Options that `run` and `up` share. */
export interface MachineOptions {
  env?: string[];
  publish?: string[];
  volume?: string[];
  cpus?: number;
  memory?: string;
  machine: MachineType;
  icount?: boolean;
  userNetwork?: boolean;
  tracepoint?: string[];
}

export function addMachineOptions(command: Command): Command {
  return command
    .option('-e, --env <NAME[=VALUE]>', 'set a variable; without a value it is inherited', collect)
    .option(
      '-p, --publish <[ADDRESS:]HOST:GUEST>',
      'forward a port of this machine to the program; /udp behind it for UDP',
      collect,
    )
    .option('-v, --volume <FOLDER:/PATH:ro>', 'show the program a snapshot of a folder', collect)
    .option('--cpus <N>', 'number of virtual CPUs', parseCount)
    .option('-m, --memory <AMOUNT>', 'memory, such as 64Mi; sized from the image by default')
    .addOption(new Option('--machine <TYPE>', "the guest's machine").choices(machineTypes).default('q35'))
    .option('--icount', 'count instructions in place of time: one is one nanosecond')
    .option('--user-network', "QEMU's user networking in place of passt, for servers that speak first")
    .option('--tracepoint <NAME>', 'enable a tracepoint from the start', collect);
}

/** Examples before the rest of a command's help, with the name by which the program was called. */
export function addExamples(
  command: Command,
  { programName }: Pick<Context, 'programName'>,
  examples: string,
): Command {
  return command.addHelpText('before', `${examples.trim().replaceAll(/^ {2}osv /gm, `  ${programName} `)}\n`);
}

export function addOutputOption(command: Command): Command {
  return command.addOption(
    new Option('-o, --output <FORMAT>', `output format: ${outputFormats.slice(1).join(', ')}`)
      .argParser(parseOutputFormat)
      .default('table' satisfies OutputFormat, 'a table'),
  );
}

/** Gathers an option that may be given several times. */
export function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}

export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}

/** Whole or decimal seconds, or Go's style: 90s, 2m, 1m30s. */
export function parseSeconds(text: string): number {
  const match = /^(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s?)?$/.exec(text);
  if (!match || text === '') throw new InvalidArgumentError('It must be a time, such as 30 or 30s or 2m.');
  return Number(match[1] ?? 0) * 60 + Number(match[2] ?? 0);
}

/**
 * The variables of `-e`: a bare name takes its value from our environment, and is left out when it has none there.
 *
 * @throws LocalError invalid-argument
 */
export function resolveEnvironment(entries: string[] = [], environment: NodeJS.ProcessEnv): string[] {
  return entries.flatMap((entry) => {
    if (entry.startsWith('=') || entry === '')
      throw new LocalError('invalid-argument', `"${entry}" names no variable.`);
    if (entry.includes('=')) return [entry];
    const value = environment[entry];
    return value === undefined ? [] : [`${entry}=${value}`];
  });
}
