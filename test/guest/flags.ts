/** The command line of the runners below test/: help when asked, one sentence for what they do not know. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type ParseArgsConfig, parseArgs } from 'node:util';

/** The exit code of a runner that could not run at all. */
const wrongUse = 125;

/**
 * As `parseArgs` of node:util, and two more things, each of which ends the process: `--help` prints the comment at the
 * top of the runner's file and the flags; a wrong command line is answered with one sentence.
 *
 * @param module the runner's import.meta.url
 */
export function parseFlags<const Config extends ParseArgsConfig>(
  module: string,
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  const words = config.args ?? process.argv.slice(2);
  const end = words.indexOf('--');
  const flags = end === -1 ? words : words.slice(0, end);
  if (flags.includes('--help') || flags.includes('-h')) {
    process.stdout.write(usage(readFileSync(fileURLToPath(module), 'utf8'), config));
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    process.stderr.write(`${complaint(error)} --help shows what there is.\n`);
    process.exit(wrongUse);
  }
}

/** The first comment of a source, without its stars, and every flag with its default. */
export function usage(source: string, { options = {} }: ParseArgsConfig): string {
  const comment = /^\/\*\*\n(.*?)\n \*\//s.exec(source)?.[1] ?? '';
  const about = comment.replaceAll(/^ \* ?/gm, '');
  const flags = Object.entries(options).map(([name, { type, default: value }]) => {
    const flag = type === 'boolean' ? `  --${name}` : `  --${name} VALUE`;
    return type === 'boolean' || value === undefined ? flag : `${flag.padEnd(28)}  default ${value}`;
  });
  return `${about}\n\nFlags:\n${flags.join('\n')}\n`;
}

/** Node.js's own message without its advice on how to write a file name that begins with a dash. */
function complaint(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `${message
    .replace(/[.,]? ?To specify a positional.*$/s, '')
    .replace(/\n.*$/s, '')
    .replace(/\.$/, '')}.`;
}
