import type { Command, Option } from 'commander';

export interface Candidate {
  value: string;
  description?: string;
}

export interface Completion {
  candidates: Candidate[];
  /** Names of files are completed too. */
  files: boolean;
}

/** What has been typed before the word that is completed. */
export interface Typed {
  /** `rollout undo`. */
  command: string;
  arguments: string[];
  /** Values of options by their long names: `namespace`. */
  options: ReadonlyMap<string, string>;
}

/** Names that exist now: of apps, instances, contexts and so on. Undefined: this completes files. */
export interface LiveNames {
  argument(typed: Typed): Promise<Candidate[] | undefined>;
  option(name: string, typed: Typed): Promise<Candidate[] | undefined>;
}

/**
 * Candidates for the last of these words, which may be empty or half typed.
 *
 * @param words what stands after the program's name
 */
export async function complete(program: Command, words: readonly string[], live: LiveNames): Promise<Completion> {
  const last = words.at(-1) ?? '';
  const { command, typed, pending, onlyArguments } = parse(program, words.slice(0, -1));
  if (pending) return chosen(last, await optionValues(pending, typed, live));
  if (!onlyArguments && last.startsWith('-')) {
    const [flag = '', value] = last.split('=');
    const option = value === undefined ? undefined : findOption(command, flag);
    if (!option) return chosen(last, flags(command));
    const values = await optionValues(option, typed, live);
    return chosen(
      last,
      values?.map((candidate) => ({ ...candidate, value: `${flag}=${candidate.value}` })),
    );
  }
  if (command.commands.length > 0) {
    const shown = command.commands.map((one) => ({ value: one.name(), description: one.summary() }));
    return chosen(last, typed.arguments.length === 0 ? shown : []);
  }
  const choices = command.registeredArguments[typed.arguments.length]?.argChoices;
  return chosen(last, choices ? choices.map((value) => ({ value })) : await live.argument(typed));
}

interface Parsed {
  command: Command;
  typed: Typed;
  /** The option whose value is being typed. */
  pending: Option | undefined;
  /** After `--`. */
  onlyArguments: boolean;
}

function parse(program: Command, words: readonly string[]): Parsed {
  let command = program;
  let pending: Option | undefined;
  let onlyArguments = false;
  const path: string[] = [];
  const positional: string[] = [];
  const options = new Map<string, string>();
  for (const word of words) {
    const descended = command.commands.find((one) => one.name() === word);
    if (pending) {
      options.set(pending.name(), word);
      pending = undefined;
    } else if (!onlyArguments && word === '--') {
      onlyArguments = true;
    } else if (!onlyArguments && word.startsWith('-')) {
      const [flag = '', value] = word.split('=');
      const option = findOption(command, flag);
      if (option && value !== undefined) options.set(option.name(), value);
      else if (option?.required) pending = option;
    } else if (descended && positional.length === 0) {
      command = descended;
      path.push(word);
    } else {
      positional.push(word);
    }
  }
  return { command, typed: { command: path.join(' '), arguments: positional, options }, pending, onlyArguments };
}

function findOption(command: Command, flag: string): Option | undefined {
  return command.options.find(({ long, short }) => flag === long || flag === short);
}

function flags(command: Command): Candidate[] {
  const own = command.options.map(({ long, short, description }) => ({ value: long ?? short ?? '', description }));
  return [...own, { value: '--help', description: 'explain this command' }];
}

async function optionValues(option: Option, typed: Typed, live: LiveNames): Promise<Candidate[] | undefined> {
  return option.argChoices?.map((value) => ({ value })) ?? live.option(option.name(), typed);
}

function chosen(word: string, candidates: Candidate[] | undefined): Completion {
  if (!candidates) return { candidates: [], files: true };
  return { candidates: candidates.filter(({ value }) => value.startsWith(word)), files: false };
}
