import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { ClusterError } from '../error.ts';
import { waitUntil } from './wait-until.ts';
import { diesWithParent } from './with-parent.ts';

/** A program of the cluster that can be ended and started again, with the same ports and the same data. */
export interface ManagedProcess {
  readonly name: string;
  /** What it prints, over all its lives. */
  readonly logPath: string;
  /** Undefined while it does not run. */
  readonly pid: number | undefined;
  /** Resolves when it answers. Does nothing if it runs. @throws ClusterError `process-ended`, `not-ready` */
  start(): Promise<void>;
  /** Sends the signal, SIGTERM by default, and resolves when it has ended; SIGKILL follows if it does not. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Ends it with the signal and starts it again. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Sends a signal and does not wait for what it does: SIGSTOP makes it hang, SIGCONT goes on. */
  signal(signal: NodeJS.Signals): Promise<void>;
}

export interface ProcessSpec {
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly environment?: NodeJS.ProcessEnv;
  readonly folder: string;
  readonly logPath: string;
  /** Holds the process number while it runs, for whoever else wants to know. */
  readonly pidPath?: string;
  /** Whether it answers by now; asked again and again. A rejection counts as no, and is named if it stays so. */
  readonly ready: (signal: AbortSignal) => Promise<boolean>;
  /** Default five minutes: some machines are busy, and one that dies is told at once. */
  readonly readySecondsMax?: number;
  /** From stop's signal to SIGKILL. */
  readonly graceSeconds?: number;
  /** Called when it ends without having been asked to, after it had been ready. */
  readonly onUnexpectedEnd?: (sentence: string) => void;
}

const lastLinesMax = 15;

export function manageProcess(spec: ProcessSpec): ManagedProcess {
  return new SupervisedProcess(spec);
}

class SupervisedProcess implements ManagedProcess {
  readonly #spec: ProcessSpec;
  #child: ChildProcess | undefined;
  #asked = false;
  #isReady = false;

  constructor(spec: ProcessSpec) {
    this.#spec = spec;
  }

  get name(): string {
    return this.#spec.name;
  }

  get logPath(): string {
    return this.#spec.logPath;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  async start(): Promise<void> {
    if (this.#child) return;
    const { name, ready, readySecondsMax = 300 } = this.#spec;
    const child = await this.#spawn();
    const ended = new AbortController();
    child.once('exit', () => ended.abort());
    if (child.exitCode !== null || child.signalCode !== null) ended.abort();
    try {
      await waitUntil(`${name} answers`, ready, { secondsMax: readySecondsMax, signal: ended.signal });
    } catch (cause) {
      if (!ended.signal.aborted) {
        await this.stop('SIGKILL');
        throw new ClusterError('not-ready', `${(cause as Error).message}${await this.#lastWords()}`, { cause });
      }
      throw new ClusterError('process-ended', `${endOf(name, child)}${await this.#lastWords()}`, { cause });
    }
    this.#isReady = true;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#asked = true;
    const exit = once(child, 'exit');
    child.kill(signal);
    const kill = setTimeout(() => child.kill('SIGKILL'), (this.#spec.graceSeconds ?? 30) * 1000);
    await exit;
    clearTimeout(kill);
  }

  async restart(signal?: NodeJS.Signals): Promise<void> {
    await this.stop(signal);
    await this.start();
  }

  async signal(signal: NodeJS.Signals): Promise<void> {
    this.#child?.kill(signal);
  }

  async #spawn(): Promise<ChildProcess> {
    const { program, args, environment, folder, logPath } = this.#spec;
    const log = await open(logPath, 'a', 0o600);
    try {
      const child = spawn(...diesWithParent(program, args), {
        cwd: folder,
        env: { ...process.env, ...environment },
        // A process group of its own: Ctrl-C on a terminal is for us, who end the processes in order.
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
      });
      this.#asked = false;
      this.#isReady = false;
      this.#child = child;
      child.once('exit', () => this.#ended(child));
      await once(child, 'spawn');
      if (this.#spec.pidPath) writeFileSync(this.#spec.pidPath, `${child.pid}`);
      return child;
    } catch (cause) {
      this.#child = undefined;
      const sentence = `${program} could not be started: ${(cause as Error).message}`;
      throw new ClusterError('process-ended', sentence, { cause });
    } finally {
      await log.close();
    }
  }

  #ended(child: ChildProcess): void {
    if (this.#child === child) this.#child = undefined;
    if (this.#spec.pidPath) rmSync(this.#spec.pidPath, { force: true });
    if (this.#asked || !this.#isReady) return;
    void this.#lastWords().then((words) => this.#spec.onUnexpectedEnd?.(`${endOf(this.name, child)}${words}`));
  }

  async #lastWords(): Promise<string> {
    const lines = (await readFile(this.logPath, 'utf8').catch(() => '')).trim().split('\n').slice(-lastLinesMax);
    const where = `; its last words, in ${basename(this.logPath)}:`;
    return lines.join('') === '' ? ' and said nothing' : `${where}\n  ${lines.join('\n  ')}`;
  }
}

function endOf(name: string, child: ChildProcess): string {
  return `${name} ended with ${child.signalCode ?? `status ${child.exitCode}`}`;
}
