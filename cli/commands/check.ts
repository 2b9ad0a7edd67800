import type { ProgramCheck } from '@osv/image-builder';
import { exitCodes } from '@osv/local/errors.ts';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { formatListing, type OutputFormat } from '../output/listing.ts';
import { addOutputOption } from './options.ts';

const examples = `
Examples:
  osv check /usr/bin/redis-server         what speaks against running it
  osv check -o json ./server | jq '.[0].systemCalls'
`;

export function define(command: Command, context: Context): void {
  addOutputOption(command)
    .argument('<programs...>', 'programs of this machine; they are read, not run')
    .addHelpText('before', `${examples.trim()}\n`)
    .action(async (programs: string[], { output }: { output: OutputFormat }) => {
      const { checkProgram } = await import('@osv/image-builder');
      const checks: ProgramCheck[] = [];
      for (const program of programs) checks.push(await checkProgram(program));
      context.stdout.write(output === 'table' ? checks.map(describe).join('\n') : await formatted(checks, output));
      if (checks.some((check) => check.problems.length > 0)) process.exitCode = exitCodes.notExecutable;
    });
}

function describe(check: ProgramCheck): string {
  const lines = [
    `${check.program}: ${check.problems.length === 0 ? 'nothing speaks against running it' : 'problems'}`,
    ...check.problems.map((problem) => `  ! ${problem}`),
    ...check.remarks.map((remark) => `  - ${remark}`),
    `  ${check.linking}, ${check.libraries.length} libraries, ${check.systemCalls.length} system calls seen`,
  ];
  return `${lines.join('\n')}\n`;
}

function formatted(checks: ProgramCheck[], output: OutputFormat): Promise<string> {
  return formatListing<ProgramCheck>(
    {
      name: (check) => check.program,
      columns: [
        { title: 'NAME', value: (check) => check.program },
        { title: 'PROBLEMS', value: (check) => `${check.problems.length}` },
        { title: 'LIBRARIES', value: (check) => `${check.libraries.length}` },
        { title: 'SYSTEM CALLS', value: (check) => `${check.systemCalls.length}` },
        { title: 'MISSING', value: (check) => check.missingLibraries.map(({ name }) => name).join(',') || '-' },
      ],
    },
    checks,
    output,
  );
}
