import type { SelfCheckList } from '@osv/contracts';
import type { ProgramCheck } from '@osv/image-builder';
import { exitCodes, LocalError } from '@osv/local/errors.ts';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { formatListing, type Listing, type OutputFormat } from '../output/listing.ts';
import { addOutputOption } from './options.ts';

const examples = `
Examples:
  osv check /usr/bin/redis-server         what speaks against running it
  osv check -o json ./server | jq '.[0].systemCalls'
  osv check --kernel redis                the kernel's security checks at the boot of an instance
`;

export function define(command: Command, context: Context): void {
  addOutputOption(command)
    .argument('<targets...>', 'programs of this machine; they are read, not run')
    .option('--kernel', 'the targets are running instances: show the self-check of their kernels')
    .addHelpText('before', `${examples.trim()}\n`)
    .action(async (targets: string[], { kernel, output }: { kernel?: boolean; output: OutputFormat }) => {
      const passed = kernel
        ? await checkKernels(context, targets, output)
        : await checkPrograms(context, targets, output);
      if (!passed) process.exitCode = exitCodes.notExecutable;
    });
}

async function checkPrograms(context: Context, programs: string[], output: OutputFormat): Promise<boolean> {
  const { checkProgram } = await import('@osv/image-builder');
  const checks: ProgramCheck[] = [];
  for (const program of programs) checks.push(await checkProgram(program));
  const text =
    output === 'table' ? checks.map(describe).join('\n') : await formatListing(programListing, checks, output);
  context.stdout.write(text);
  return checks.every((check) => check.problems.length === 0);
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

const programListing: Listing<ProgramCheck> = {
  name: (check) => check.program,
  columns: [
    { title: 'NAME', value: (check) => check.program },
    { title: 'PROBLEMS', value: (check) => `${check.problems.length}` },
    { title: 'LIBRARIES', value: (check) => `${check.libraries.length}` },
    { title: 'SYSTEM CALLS', value: (check) => `${check.systemCalls.length}` },
    { title: 'MISSING', value: (check) => check.missingLibraries.map(({ name }) => name).join(',') || '-' },
  ],
};

type SelfCheckRow = { instance: string } & SelfCheckList['selfChecks'][number];

async function checkKernels(context: Context, names: string[], output: OutputFormat): Promise<boolean> {
  const { askGuest } = await import('@osv/local/management/client.ts');
  const rows: SelfCheckRow[] = [];
  for (const name of names) {
    for (const record of await context.store.resolve(name)) {
      const { selfChecks } = await askGuest<SelfCheckList>(context.store, record, 'self-checks');
      rows.push(...selfChecks.map((check) => ({ instance: record.name, ...check })));
    }
  }
  if (rows.length === 0) throw new LocalError('not-ready', 'The kernel reports no self-check.');
  context.stdout.write(await formatListing(selfCheckListing, rows, output));
  return rows.every((row) => row.passed);
}

const selfCheckListing: Listing<SelfCheckRow> = {
  name: (row) => row.name,
  columns: [
    { title: 'NAME', value: (row) => row.instance },
    { title: 'CHECK', value: (row) => row.name },
    { title: 'RESULT', value: (row) => (row.passed ? 'passed' : 'FAILED') },
    { title: 'DETAIL', value: (row) => row.detail ?? '' },
  ],
};
