import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { createContext, type ProgramName } from '../context.ts';
import { buildProgram } from '../program.ts';
import { parseSeconds, resolveEnvironment } from './options.ts';

/** Every command and subcommand of a program, with the words that call it. */
function walk(command: Command, words: string): [string, Command][] {
  const own: [string, Command][] = words ? [[words, command]] : [];
  const inner = command.commands.filter((one) => one.name() !== 'help');
  return [...own, ...inner.flatMap((one) => walk(one, `${words} ${one.name()}`.trim()))];
}

const programNames: ProgramName[] = ['osv', 'kubectl osv'];
const everyCommand = await Promise.all(
  programNames.map(async (programName) => {
    const program = await buildProgram([], createContext(programName), true);
    return walk(program, '').map(([words, command]) => ({ programName, words, command }));
  }),
);

test.each(everyCommand.flat())(
  'the help of $programName $words starts with examples that the command accepts',
  ({ programName, words, command }) => {
    let help = '';
    command.configureOutput({
      writeOut: (text) => {
        help += text;
      },
    });
    command.outputHelp();
    const lines = help.split('\n');
    expect(lines[0]).toBe('Examples:');
    expect(help).toContain(`Usage: ${programName} ${words}`);
    const examples = lines.filter((line) => line.startsWith(`  ${programName} `));
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(example).toMatch(new RegExp(`^ {2}${programName} ${words}\\b`));
    const flags = examples.flatMap((example) => {
      const called = command.commands.find((one) => example.includes(` ${one.name()} `)) ?? command;
      const typed =
        example
          .trimStart()
          .split(/ {2,}| -- |\|/)[0]
          ?.matchAll(/ (--?[a-z-]+)/gi) ?? [];
      return [...typed].map(([, flag]) => ({ called, flag }));
    });
    for (const { called, flag } of flags) {
      expect(called.options.flatMap(({ short, long }) => [short, long])).toContain(flag);
    }
  },
);

test('every command that lists has -o', async () => {
  const program = await buildProgram([], createContext(), true);
  for (const name of ['ps', 'images', 'top', 'up', 'build', 'check', 'apps', 'status']) {
    const command = program.commands.find((candidate) => candidate.name() === name);
    expect(command?.options.some((option) => option.short === '-o')).toBe(true);
  }
});

test.each([
  ['30', 30],
  ['30s', 30],
  ['1m30s', 90],
  ['2m', 120],
  ['0.5', 0.5],
])('%s is %d seconds', (text, seconds) => {
  expect(parseSeconds(text)).toBe(seconds);
});

test('a bare variable is inherited, and left out when it is not set', () => {
  expect(resolveEnvironment(['A=1', 'B', 'C', 'D='], { B: 'b' })).toEqual(['A=1', 'B=b', 'D=']);
  expect(() => resolveEnvironment(['=x'], {})).toThrow('names no variable');
});

test.each(['help', 'help up', 'up --help', 'help help', 'help rollout undo'])('%s is no failure', async (line) => {
  const program = await buildProgram(line.split(' '), createContext());
  let shown = '';
  for (const command of [program, ...walk(program, '').map(([, one]) => one), ...program.commands]) {
    command.configureOutput({
      writeOut: (text) => {
        shown += text;
      },
    });
  }
  await expect(program.parseAsync(['node', 'osv', ...line.split(' ')])).rejects.toMatchObject({ exitCode: 0 });
  expect(shown).toContain('Usage: osv');
});
