import { LocalError } from '@osv/local/errors.ts';
import type { Command } from 'commander';
import type { Context } from '../context.ts';

const examples = `
Examples:
  osv exec redis sh     refused: there is no second program in a guest
`;

/** People try it; a clear and quick answer is better than "unknown command". */
export function define(command: Command, _context: Context): void {
  command
    .argument('[words...]')
    .allowUnknownOption()
    .passThroughOptions()
    .addHelpText('before', `${examples.trim()}\n`)
    .action((words: string[]) => {
      const name = words.find((word) => !word.startsWith('-')) ?? 'NAME';
      throw new LocalError(
        'unsupported',
        `A guest runs one program and cannot start another; look inside with osv logs ${name}, osv logs --kernel ${name} and osv top ${name}.`,
      );
    });
}
