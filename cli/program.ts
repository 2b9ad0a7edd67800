import { Command } from 'commander';
import { type CommandEntry, commandsOf } from './commands/table.ts';
import type { Context, ProgramName } from './context.ts';
import manifest from './package.json' with { type: 'json' };

const about: Record<ProgramName, { description: string; examples: string }> = {
  osv: {
    description: 'Runs unmodified Linux programs as unikernels.',
    examples: `
Examples:
  osv up examples/redis.yaml        build an app, start it, wait until it answers
  osv run ./hello world             run a program of this machine as a unikernel
  osv ps                            what is running
  osv logs -f redis                 what it prints
  osv stop redis                    stop it in order
  osv status redis                  what an app on a cluster is doing
`,
  },
  'kubectl osv': {
    description: 'Looks at OsvApps of a cluster, and rolls them back.',
    examples: `
Examples:
  kubectl osv apps -A                   every app, and what it is doing
  kubectl osv status redis              what is wrong with one, and what to do
  kubectl osv rollout status redis      wait until every instance runs the spec of now
  kubectl osv rollout undo redis        back to the revision before
`,
  },
};

/**
 * The command-line parser. Only the command that `argv` names is defined in full, since the others' modules cost time;
 * `all` defines every one.
 */
export async function buildProgram(argv: string[], context: Context, all = false): Promise<Command> {
  const { programName } = context;
  const program = new Command(programName)
    .description(about[programName].description)
    .usage('COMMAND [OPTIONS]')
    .addHelpText('before', `${about[programName].examples.trim()}\n`)
    .version(manifest.version, '--version', 'print the version')
    .enablePositionalOptions()
    .showHelpAfterError(`Try: ${programName} --help`)
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'osv: ')) })
    .helpCommand(false)
    .exitOverride();
  const wanted = new Set(argv.filter((word) => !word.startsWith('-')).slice(0, 2));
  for (const entry of commandsOf[programName]) await addCommand(program, entry, context, all || wanted.has(entry.name));
  addHelpCommand(program);
  return program;
}

/** Commander's own one shows the help, without a word, for a command that there is not. */
function addHelpCommand(program: Command): void {
  program
    .command('help')
    .summary('explain a command')
    .description('Explain a command.')
    .argument('[command...]')
    .action((names: string[]) => {
      let command = program;
      for (const name of names) {
        const found = command.commands.find((candidate) => candidate.name() === name);
        if (!found) return program.error(`error: unknown command '${names.join(' ')}'`);
        command = found;
      }
      command.help();
    });
}

async function addCommand(program: Command, entry: CommandEntry, context: Context, inFull: boolean): Promise<void> {
  const command = program.command(entry.name).summary(entry.summary).description(capitalise(entry.summary));
  command.showHelpAfterError(`Try: ${context.programName} ${entry.name} --help`);
  if (inFull) (await entry.load()).define(command, context);
}

function capitalise(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
