import { Command } from 'commander';
import { type CommandEntry, commands } from './commands/table.ts';
import type { Context } from './context.ts';
import manifest from './package.json' with { type: 'json' };

const examples = `
Examples:
  osv up examples/redis.yaml        build an app, start it, wait until it answers
  osv run ./hello world             run a program of this machine as a unikernel
  osv ps                            what is running
  osv logs -f redis                 what it prints
  osv stop redis                    stop it in order
`;

/**
 * The command-line parser. Only the command that `argv` names is defined in full, since the others' modules cost time;
 * `all` defines every one, for completion.
 */
export async function buildProgram(argv: string[], context: Context, all = false): Promise<Command> {
  const program = new Command('osv')
    .description('Runs unmodified Linux programs as unikernels.')
    .usage('COMMAND [OPTIONS]')
    .addHelpText('before', `${examples.trim()}\n`)
    .version(manifest.version, '--version', 'print the version')
    .enablePositionalOptions()
    .showHelpAfterError('Try: osv --help')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'osv: ')) })
    .helpCommand(false)
    .exitOverride();
  const wanted = new Set(argv.filter((word) => !word.startsWith('-')).slice(0, 2));
  for (const entry of commands) await addCommand(program, entry, context, all || wanted.has(entry.name));
  addHelpCommand(program);
  return program;
}

/** Commander's own one shows the help, without a word, for a command that there is not. */
function addHelpCommand(program: Command): void {
  program
    .command('help')
    .summary('explain a command')
    .description('Explain a command.')
    .argument('[command]')
    .action((name: string | undefined) => {
      if (name === undefined) return program.help();
      const command = program.commands.find((candidate) => candidate.name() === name);
      if (!command) return program.error(`error: unknown command '${name}'`);
      command.help();
    });
}

async function addCommand(program: Command, entry: CommandEntry, context: Context, inFull: boolean): Promise<void> {
  const command = program.command(entry.name).summary(entry.summary).description(capitalise(entry.summary));
  command.showHelpAfterError(`Try: osv ${entry.name} --help`);
  if (inFull) (await entry.load()).define(command, context);
}

function capitalise(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
