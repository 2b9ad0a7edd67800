import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addMachineOptions, collect, type MachineOptions } from './options.ts';

export interface RunOptions extends MachineOptions {
  name?: string;
  rm?: boolean;
  detach?: boolean;
  workdir?: string;
  network: boolean;
  kernelOption?: string[];
}

const examples = `
Examples:
  osv run ./hello world                     a program of this machine, with the libraries that it needs
  echo text | osv run /usr/bin/rev | less   in a pipe, like any other program
  osv run ./site -- /app/server --port 80   a folder, and the program in it to run
  osv run cache                             an image made by osv build -t cache
  osv run -p 8080:80 -m 256Mi --cpus 2 ./server
`;

export function define(command: Command, context: Context): void {
  addMachineOptions(command)
    .argument('<target>', 'a program, a folder, an archive or an image')
    .argument('[words...]', "the program's arguments; for a folder or image: the program and its arguments")
    .passThroughOptions()
    .option('--name <NAME>', 'name of the instance')
    .option('--rm', 'remove the instance when the program ends')
    .option('-d, --detach', 'leave it running in the background and print its name')
    .option('-w, --workdir <PATH>', 'working directory of the program')
    .option('-i, --interactive', 'accepted for the sake of docker users: stdin is always attached')
    .option('-t, --tty', 'accepted for the sake of docker users: a guest has no terminal')
    .option('--no-network', 'a guest without a network device')
    .option('--kernel-option <KEY=VALUE>', 'an option for the kernel command line', collect)
    .addHelpText('before', `${examples.trim()}\n`)
    .action(async (target: string, words: string[], options: RunOptions) => {
      const { runProgram } = await import('../run/run-program.ts');
      process.exitCode = await runProgram(context, target, words, options);
    });
}
