import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import type { InstanceRecord } from '@osv/local/instance/record.ts';
import { afterAll } from 'vitest';

export const root = join(import.meta.dirname, '..', '..', '..');

export interface Result {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: Buffer;
  stderr: string;
}

export type Running = ChildProcessByStdio<Writable, Readable, Readable>;

/** One user of `osv`, with a state folder of its own by which all of its processes can be told from others. */
export class Osv {
  readonly state = mkdtempSync(join(tmpdir(), 'osv-e2e-'));
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = { ...process.env, XDG_STATE_HOME: this.state, NO_COLOR: '1', ...environment };
  }

  /** Registers the clean-up with the test file that makes it. */
  static create(environment: NodeJS.ProcessEnv = {}): Osv {
    const osv = new Osv(environment);
    afterAll(() => osv.#dispose());
    return osv;
  }

  start(...words: string[]): Running {
    const child = spawn(process.execPath, [join(root, 'cli', 'main.ts'), ...words], {
      cwd: root,
      env: this.#environment,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    // A command may end without reading its input.
    child.stdin.on('error', () => {});
    return child;
  }

  async run(words: string[], input: Buffer | string = ''): Promise<Result> {
    const child = this.start(...words);
    child.stdin.end(input);
    return resultOf(child);
  }

  /** Runs a command whose standard output is a file. */
  async runTo(path: string, words: string[]): Promise<Result> {
    const output = openSync(path, 'w');
    const child = spawn(process.execPath, [join(root, 'cli', 'main.ts'), ...words], {
      cwd: root,
      env: this.#environment,
      stdio: ['ignore', output, 'pipe'],
    });
    closeSync(output);
    const [stderr, [code, signal]] = await Promise.all([text(child.stderr as Readable), once(child, 'close')]);
    return { code, signal, stdout: Buffer.alloc(0), stderr };
  }

  /** Runs a command that must succeed, and returns what it printed. */
  async must(...words: string[]): Promise<string> {
    const result = await this.run(words);
    if (result.code !== 0) throw new Error(`osv ${words.join(' ')}: exit code ${result.code}: ${result.stderr}`);
    return result.stdout.toString();
  }

  async instances(): Promise<InstanceRecord[]> {
    return JSON.parse(await this.must('ps', '-a', '-o', 'json'));
  }

  /** Command lines of this user's machines, networks and supervisors that live now. */
  processes(): string[] {
    const mark = `XDG_STATE_HOME=${this.state}`;
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .flatMap((pid) => {
        try {
          if (!readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(mark)) return [];
          return [readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ')];
        } catch {
          return [];
        }
      })
      .filter((line) => line !== '');
  }

  /** Loopback addresses that are claimed. */
  addresses(): string[] {
    try {
      return readdirSync(join(this.state, 'osv', 'addresses'));
    } catch {
      return [];
    }
  }

  async #dispose(): Promise<void> {
    await this.run(['rm', '--all', '-f']);
    rmSync(this.state, { recursive: true, force: true });
  }
}

export async function resultOf(child: Running): Promise<Result> {
  const [stdout, stderr, [code, signal]] = await Promise.all([
    buffer(child.stdout),
    buffer(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ]);
  return { code, signal, stdout, stderr: stderr.toString() };
}

/** What streams have brought and nobody has waited for yet. */
const unread = new WeakMap<Readable, string>();

/**
 * Waits until a stream has brought some text; what it brought so far is returned. What follows the text is there for the next
 * call, also if it comes before that call.
 */
export async function untilText(stream: Readable, expected: string): Promise<string> {
  if (!unread.has(stream)) {
    unread.set(stream, '');
    stream.on('data', (chunk: Buffer) => unread.set(stream, unread.get(stream) + chunk.toString('latin1')));
  }
  return new Promise((resolve, reject) => {
    const look = () => {
      const seen = unread.get(stream) ?? '';
      const at = seen.indexOf(expected);
      if (at < 0) return;
      unread.set(stream, seen.slice(at + expected.length));
      stream.off('data', look).off('end', onEnd);
      resolve(seen);
    };
    const onEnd = () => reject(new Error(`the output ended without "${expected}": ${unread.get(stream)}`));
    stream.on('data', look).once('end', onEnd);
    look();
  });
}

/** Runs a tool of the host and returns what it printed. */
export function tool(program: string, args: string[], input?: string): string {
  return execFileSync(program, args, { encoding: 'utf8', timeout: 60_000, ...(input === undefined ? {} : { input }) });
}
