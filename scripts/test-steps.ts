import { type Command, kernelCommands } from './commands.ts';
import { type ResultReader, readJunit, readSuite, readVitest } from './test-results.ts';

/** One step of the tests. A step without a results file is one test, passed when its commands succeed. */
export interface Step {
  readonly name: string;
  readonly commands: readonly Command[];
  /** What the last command writes, below build/test-results. */
  readonly results?: { readonly file: string; readonly read: ResultReader };
}

const hosted = 'build/kernel-hosted';
const results = '../test-results';

const vitest = (name: string, ...args: string[]): Command => [
  'vitest',
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=build/test-results/${name}.json`,
  ...args,
];

/** A suite of test/ in the form that fits into CI; its longer forms are npm scripts. */
function suite(name: string, program: string, ...flags: string[]): Step {
  const file = `${name.replaceAll(' ', '-')}.json`;
  const command: Command = ['node', program, ...flags, '--output', `build/test-results/${file}`];
  return { name, commands: [command], results: { file, read: readSuite } };
}

/** Every step, in order: what is quick and catches most comes first. */
export const steps: readonly Step[] = [
  { name: 'lint', commands: [['biome', 'ci', '--colors=off', '.']] },
  { name: 'types', commands: [['tsc', '--noEmit']] },
  { name: 'generated files', commands: [['node', 'contracts/generate/main.ts', '--check']] },
  { name: 'kernel layers', commands: [['node', 'scripts/check-kernel-layers.ts']] },
  { name: 'kernel build', commands: kernelCommands },
  {
    name: 'kernel unit tests',
    commands: [
      ['cmake', '-S', 'kernel', '-B', hosted, '-G', 'Ninja', '-DOSV_HOSTED=ON', '-Wno-dev', '--log-level=WARNING'],
      ['ninja', '-C', hosted, '--quiet'],
      ['ctest', '--test-dir', hosted, '-j2', '--output-on-failure', '--output-junit', `${results}/kernel-hosted.xml`],
    ],
    results: { file: 'kernel-hosted.xml', read: readJunit },
  },
  {
    name: 'unit tests',
    commands: [vitest('unit')],
    results: { file: 'unit.json', read: readVitest },
  },
  suite('conformance with Linux', 'test/linux-conformance/main.ts', '--quick'),
  suite('stress', 'test/stress/main.ts', '--short'),
  suite('packets', 'test/packets/scripts/main.ts'),
  suite('bad wire', 'test/packets/bad-wire/main.ts', '--short'),
  suite('load', 'test/load/main.ts', '--short'),
  {
    name: 'cluster',
    commands: [vitest('cluster', '--config', 'test/cluster-e2e/vitest.config.ts')],
    results: { file: 'cluster.json', read: readVitest },
  },
  {
    name: 'end to end',
    commands: [vitest('e2e', '--config', 'test/e2e/vitest.config.ts')],
    results: { file: 'e2e.json', read: readVitest },
  },
];
