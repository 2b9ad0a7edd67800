import type { Context } from '../context.ts';
import { buildProgram } from '../program.ts';
import { complete } from './complete.ts';
import { liveNames } from './live-names.ts';

/** ShellCompDirective of spf13/cobra, which kubectl speaks: names of files are completed too, or not. */
const directives = { files: 0, noFiles: 4 } as const;

/**
 * Prints candidates as kubectl wants them of a `kubectl_complete-NAME`, which our own shell scripts use too: one a line,
 * a tab before its description, and a last line with a directive.
 */
export async function printCompletions(context: Context, words: string[]): Promise<void> {
  const program = await buildProgram(words, context);
  const { candidates, files } = await complete(program, words, liveNames(context)).catch(() => nothing);
  const lines = candidates.map(({ value, description }) => (description ? `${value}\t${description}` : value));
  const text = [...lines, `:${files ? directives.files : directives.noFiles}`, ''].join('\n');
  await new Promise((resolve) => context.stdout.write(text, resolve));
  // A cluster that has not answered yet is not waited for.
  process.exit(0);
}

const nothing = { candidates: [], files: true };
