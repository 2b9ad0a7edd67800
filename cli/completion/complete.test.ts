import { expect, test } from 'vitest';
import { createContext, type ProgramName } from '../context.ts';
import { buildProgram } from '../program.ts';
import { complete, type LiveNames, type Typed } from './complete.ts';

let asked: Typed | undefined;
const live: LiveNames = {
  argument: async (typed) => {
    asked = typed;
    return typed.command === 'run' ? undefined : [{ value: 'redis' }, { value: 'web' }];
  },
  option: async (name, typed) => {
    asked = typed;
    return name === 'env' ? undefined : [{ value: `${name}-1` }, { value: `${name}-2` }];
  },
};

async function values(line: string, programName: ProgramName = 'osv'): Promise<string[] | 'files'> {
  const words = line.split(' ');
  const program = await buildProgram(words, createContext(programName));
  const { candidates, files } = await complete(program, words, live);
  return files ? 'files' : candidates.map(({ value }) => value);
}

test.each([
  ['ro', ['rollout']],
  ['rollout ', ['status', 'history', 'undo', 'pause', 'resume', 'restart']],
  ['rollout st', ['status']],
  ['rollout undo ', ['redis', 'web']],
  ['rollout undo w', ['web']],
  ['rollout undo --to', ['--to-revision']],
  ['rollout undo redis --to-revision ', ['to-revision-1', 'to-revision-2']],
  ['apps -n ', ['namespace-1', 'namespace-2']],
  ['apps --context=context-2', ['--context=context-2']],
  ['run ', 'files'],
  ['run -e ', 'files'],
  ['run --machine ', ['q35', 'microvm']],
  ['completion ', ['bash', 'zsh', 'fish']],
])('%j', async (line, expected) => {
  expect(await values(line)).toEqual(expected);
});

test('what is asked for is the cluster that the typed options choose', async () => {
  await values('rollout undo --context production redis -n shop --to-revision ');
  expect(asked).toEqual({
    command: 'rollout undo',
    arguments: ['redis'],
    options: new Map([
      ['context', 'production'],
      ['namespace', 'shop'],
    ]),
  });
});

test('the plugin of kubectl completes its own commands', async () => {
  expect(await values('', 'kubectl osv')).toEqual(['apps', 'status', 'rollout', 'logs', 'top', 'exec', 'help']);
});
