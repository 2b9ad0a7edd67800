import type { Command } from 'commander';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { addExamples } from './options.ts';

/** What to use on a cluster in the place of a command that exists on one machine only. */
const instead = {
  logs: (app: string) =>
    `On a cluster kubectl has the logs of program and kernel: kubectl logs -l osvapp.dev/app=${app} -c guest-console-log --prefix --tail=-1`,
  top: (app: string) =>
    `The use of instances on a cluster cannot be shown yet; the dashboards of the operator's chart show it, and kubectl osv status ${app} tells whether metrics flow.`,
  exec: (app: string) =>
    `A guest runs one program and cannot start another; kubectl osv status ${app} and virtctl console INSTANCE look at it from outside.`,
} as const;

export function definer(name: keyof typeof instead) {
  return (command: Command, context: Context): void => {
    addExamples(
      command,
      context,
      `\nExamples:\n  ${context.programName} ${name} redis     refused, with what to use instead\n`,
    )
      .argument('[words...]')
      .allowUnknownOption()
      .passThroughOptions()
      .action((words: string[]) => {
        const app = words.find((word) => !word.startsWith('-')) ?? 'APP';
        throw new CommandError('unsupported', instead[name](app));
      });
  };
}
