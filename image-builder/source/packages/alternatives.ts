import type { FileTree } from '../../contents/file-tree.ts';

/** A link that a maintainer script asks update-alternatives(1) for. */
export interface Alternative {
  readonly link: string;
  readonly path: string;
  readonly priority: number;
}

/** More than any script of Debian needs; a bound for loops in loops. */
const statementsMax = 10_000;
const pathPattern = /^(\/[A-Za-z0-9_+][A-Za-z0-9._+-]*)+$/;

type Variables = ReadonlyMap<string, string>;

/** The words of a part of a shell command, or undefined when something other than variables must be known for them. */
function expand(text: string, variables: Variables): string[] | undefined {
  let known = true;
  const replaced = text.replaceAll(/\$\{(\w+)\}|\$(\w+)/g, (_, braced?: string, plain?: string) => {
    const value = variables.get(braced ?? plain ?? '');
    known &&= value !== undefined;
    return value ?? '';
  });
  if (!known || /[$`]/.test(replaced)) return undefined;
  return replaced.split(/\s+/).flatMap((word) => word.replaceAll(/["']/g, '') || []);
}

/**
 * What a script of a package asks update-alternatives(1) to install, found by reading: assignments of plain values,
 * `for` loops over words and the commands themselves are understood, conditions count as true, and a command in which
 * anything else occurs is passed over.
 */
export function alternativesIn(script: string): Alternative[] {
  const statements = script
    .replaceAll(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => !/^\s*#/.test(line))
    .flatMap((line) => line.split(';'))
    .map((statement) => statement.trim().replace(/^((do|then|else|if|!)\s+)+/, ''))
    .filter((statement) => statement !== '');
  const found: Alternative[] = [];
  let left = statementsMax;

  function endOfLoop(begin: number): number {
    let depth = 1;
    for (let at = begin; at < statements.length; at++) {
      if (/^(for|while|until)\s/.test(statements[at] as string)) depth++;
      else if (/^done\b/.test(statements[at] as string) && --depth === 0) return at;
    }
    return statements.length;
  }

  function walk(begin: number, end: number, variables: Map<string, string>): void {
    for (let at = begin; at < end && left > 0; at++) {
      left--;
      const statement = statements[at] as string;
      const loop = /^for\s+(\w+)\s+in\s+(.*)$/.exec(statement);
      const assignment = /^(\w+)=("[^"]*"|'[^']*'|\S*)$/.exec(statement);
      if (loop) {
        const after = Math.min(endOfLoop(at + 1), end);
        for (const word of expand(loop[2] as string, variables) ?? []) {
          walk(at + 1, after, variables.set(loop[1] as string, word));
        }
        at = after;
      } else if (assignment) {
        const words = expand(assignment[2] as string, variables);
        if (words) variables.set(assignment[1] as string, words.join(' '));
      } else {
        const install = /^update-alternatives\s.*?--install\s+(\S+)\s+\S+\s+(\S+)\s+(\S+)/.exec(statement);
        const [link, path, priority] = install?.slice(1).map((word) => expand(word, variables)?.[0]) ?? [];
        if (link && path && priority && /^-?\d+$/.test(priority) && pathPattern.test(link) && pathPattern.test(path)) {
          found.push({ link, path, priority: Number(priority) });
        }
      }
    }
  }

  walk(0, statements.length, new Map());
  return found;
}

/** Makes the links whose targets the image has; of several for one name, that of the highest priority. */
export function addAlternatives(tree: FileTree, alternatives: readonly Alternative[]): void {
  const best = new Map<string, Alternative>();
  for (const alternative of alternatives) {
    if (tree.lookup(alternative.path)?.type !== 'file') continue;
    const present = best.get(alternative.link);
    if (!present || alternative.priority > present.priority) best.set(alternative.link, alternative);
  }
  for (const { link, path } of best.values()) {
    if (!tree.lookup(link, { followLast: false })) tree.addSymlink(link, path);
  }
}
