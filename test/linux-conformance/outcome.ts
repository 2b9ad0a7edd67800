/** What a program printed and how it ended, and how two of these differ. */
import type { GuestEnd } from '../guest/qemu.ts';

export interface Outcome {
  readonly end: GuestEnd;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** One line for a person. */
export function describeEnd(end: GuestEnd): string {
  switch (end.kind) {
    case 'exit':
      return `exit code ${end.code}`;
    case 'signal':
      return `killed by signal ${end.signal}`;
    case 'failed':
      return end.message;
    case 'timeout':
      return 'no end in time';
    case 'unknown':
      return 'the machine ended without a word';
  }
}

/** The first lines that differ, with one line of context; empty when the texts are the same. */
export function firstDifference(label: string, expected: Buffer, actual: Buffer): string[] {
  if (expected.equals(actual)) return [];
  const left = expected.toString('latin1').split('\n');
  const right = actual.toString('latin1').split('\n');
  let at = 0;
  while (at < left.length && at < right.length && left[at] === right[at]) at++;
  const show = (line: string | undefined): string =>
    line === undefined ? '(nothing)' : JSON.stringify(line.slice(0, 200));
  const lines = [`${label} differs from line ${at + 1} on`];
  if (at > 0) lines.push(`    before:   ${show(left[at - 1])}`);
  for (let line = at; line < Math.min(at + 3, Math.max(left.length, right.length)); line++) {
    lines.push(`    expected: ${show(left[line])}`, `    actual:   ${show(right[line])}`);
  }
  return lines;
}

/** Why the actual outcome is not the expected one; empty when it is. */
export function differences(expected: Outcome, actual: Outcome): string[] {
  const lines: string[] = [];
  if (JSON.stringify(expected.end) !== JSON.stringify(actual.end)) {
    lines.push(`end: expected ${describeEnd(expected.end)}, actual ${describeEnd(actual.end)}`);
  }
  lines.push(...firstDifference('stdout', expected.stdout, actual.stdout));
  lines.push(...firstDifference('stderr', expected.stderr, actual.stderr));
  return lines;
}
