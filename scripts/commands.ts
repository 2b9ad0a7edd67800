import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** The root of the repository. */
export const root = join(import.meta.dirname, '..');

export type Command = readonly [program: string, ...args: string[]];

/** Builds the kernel; ninja does only what has changed. */
export const kernelCommands: readonly Command[] = [
  ['cmake', '-S', 'kernel', '-B', 'build/kernel', '-G', 'Ninja', '-Wno-dev', '--log-level=WARNING'],
  ['ninja', '-C', 'build/kernel', '--quiet', 'osv.elf'],
];

/** The environment of npm scripts: programs of node_modules come first, Node.js 24 among them. */
export const environment: NodeJS.ProcessEnv = {
  ...process.env,
  PATH: `${join(root, 'node_modules/.bin')}:${process.env.PATH}`,
};

/** Runs a command in the repository's root, its output on the terminal; resolves to its exit status. */
export function run([program, ...args]: Command): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, env: environment, stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', (error) => {
      console.error(`${program}: ${error.message}`);
      resolve(127);
    });
    child.once('close', (status, signal) => resolve(status ?? (signal ? 128 : 1)));
  });
}

/** Runs commands in order until one fails; resolves to the last status. */
export async function runAll(commands: readonly Command[]): Promise<number> {
  for (const command of commands) {
    const status = await run(command);
    if (status !== 0) return status;
  }
  return 0;
}
