import { expect, test } from 'vitest';
import { createContext } from '../context.ts';
import { buildProgram } from '../program.ts';
import { parseSeconds, resolveEnvironment } from './options.ts';
import { commands } from './table.ts';

test.each(commands.map(({ name }) => name))(
  'the help of %s starts with examples that the command accepts',
  async (name) => {
    const program = await buildProgram([], createContext(), true);
    const command = program.commands.find((candidate) => candidate.name() === name);
    let help = '';
    command?.configureOutput({
      writeOut: (text) => {
        help += text;
      },
    });
    command?.outputHelp();
    const lines = help.split('\n');
    expect(lines[0]).toBe('Examples:');
    const examples = lines.filter((line) => line.startsWith('  osv '));
    expect(examples.length).toBeGreaterThan(0);
    for (const example of examples) expect(example).toMatch(new RegExp(`osv ${name}\\b`));
    const flags = examples.flatMap((example) => [
      ...(example.split(/ {2,}| -- |\|/)[1]?.matchAll(/ (--?[a-z-]+)/g) ?? []),
    ]);
    const known = new Set(command?.options.flatMap(({ short, long }) => [short, long]));
    for (const [, flag] of flags) expect(known).toContain(flag);
  },
);

test('every command that lists has -o', async () => {
  const program = await buildProgram([], createContext(), true);
  for (const name of ['ps', 'images', 'top', 'up', 'build', 'check']) {
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

test.each(['help', 'help up', 'up --help', 'help help'])('%s is no failure', async (line) => {
  const program = await buildProgram(line.split(' '), createContext());
  let shown = '';
  for (const command of [program, ...program.commands]) {
    command.configureOutput({
      writeOut: (text) => {
        shown += text;
      },
    });
  }
  await expect(program.parseAsync(['node', 'osv', ...line.split(' ')])).rejects.toMatchObject({ exitCode: 0 });
  expect(shown).toContain('Usage: osv');
});
