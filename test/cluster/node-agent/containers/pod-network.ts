import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { requireProgram } from '@osv/local';
import { NodeAgentError } from '../error.ts';
import type { Forwarding } from '../network/forward.ts';
import { openOutside, type PodPorts } from './pod-ports.ts';

export interface PodNetworkOptions {
  /** Where the pod's ports are reached on this machine. */
  loopbackAddress: string;
  ports: readonly number[];
  /** Ports of this machine's 127.0.0.1 that are reached there in the pod, too. */
  hostPorts: readonly number[];
  /** Of the pod; gets a log and sockets. */
  folder: string;
}

/** Queries to it go to this machine's resolver; link-local, so that no network has it. */
export const podNameserver = '169.254.20.10';

const insideProgram = fileURLToPath(new URL('pod-ports-inside.ts', import.meta.url));
const startLimitMilliseconds = 30_000;
const endLimitMilliseconds = 2_000;
const isRoot = process.getuid?.() === 0;

/**
 * The network of a pod: a name space of its own, which pasta(1) connects to other machines and `PodPorts` to this one. It
 * lasts as long as a process that waits for the end of its input, which this process holds open: so it ends with this
 * process, however that ends.
 */
export class PodNetwork {
  readonly #pasta: ChildProcess;
  readonly #holder: number;
  readonly #ports: Forwarding;

  private constructor(pasta: ChildProcess, holder: number, ports: Forwarding) {
    this.#pasta = pasta;
    this.#holder = holder;
    this.#ports = ports;
  }

  /** @throws NodeAgentError tool-failed; LocalError tool-missing */
  static async start({ folder, loopbackAddress, ports, hostPorts }: PodNetworkOptions): Promise<PodNetwork> {
    const program = await requireProgram('pasta');
    const sockets = join(folder, 'ports');
    await rm(sockets, { recursive: true, force: true });
    await mkdir(sockets, { mode: 0o700 });
    const podPorts: PodPorts = { inwards: ports, outwards: hostPorts, folder: sockets };
    const holder = [process.execPath, insideProgram, JSON.stringify(podPorts)];
    const logPath = join(folder, 'pasta.log');
    const outside = await openOutside(podPorts, loopbackAddress);
    const log = await open(logPath, 'a', 0o600);
    try {
      const pasta = spawn(program, [...pastaArguments, '--', ...holder], {
        detached: true,
        stdio: ['pipe', 'pipe', log.fd],
      });
      for (const each of [pasta, pasta.stdin]) each?.on('error', () => {});
      const pid = await holderOf(pasta, holder);
      if (pid !== undefined) return new PodNetwork(pasta, pid, outside);
      killGroup(pasta);
      outside.close();
      const said = (await readFile(logPath, 'utf8')).trim().split('\n').at(-1) ?? '';
      throw new NodeAgentError(
        'tool-failed',
        `pasta cannot make a network for the pod, for which it needs root or user name spaces and /dev/net/tun: ${said}`,
      );
    } finally {
      await log.close();
    }
  }

  /** The words before a command that is to run in this network. */
  enter(): string[] {
    const user = isRoot ? [] : [`--user=/proc/${this.#holder}/ns/user`, '--preserve-credentials'];
    return ['nsenter', ...user, `--net=/proc/${this.#holder}/ns/net`, '--'];
  }

  async close(): Promise<void> {
    this.#ports.close();
    if (this.#pasta.exitCode !== null || this.#pasta.signalCode !== null) return;
    const ended = once(this.#pasta, 'exit');
    this.#pasta.stdin?.end();
    const timer = setTimeoutKill(this.#pasta);
    await ended;
    clearTimeout(timer);
  }
}

/** Root needs no user name space for a network, and pasta would otherwise become a user that cannot make one. */
const pastaArguments = [
  ...['-f', '-q', '--config-net', '--ipv4-only', ...(isRoot ? ['--netns-only', '--runas', '0'] : [])],
  ...['--dns-forward', podNameserver, '-t', 'none', '-T', 'none', '-u', 'none', '-U', 'none'],
];

/** pasta's child, when it has become the holder and passes ports on. @returns undefined when it does not come so far */
async function holderOf(pasta: ChildProcess, holder: readonly string[]): Promise<number | undefined> {
  const { stdout } = pasta;
  if (!stdout || !(await isReady(pasta, stdout))) return undefined;
  // Nobody reads what it might say later.
  stdout.resume();
  const children = await readFile(`/proc/${pasta.pid}/task/${pasta.pid}/children`, 'utf8').catch(() => '');
  for (const pid of children.trim().split(' ').filter(Boolean)) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (words === holder.map((word) => `${word}\0`).join('')) return Number(pid);
  }
  return undefined;
}

async function isReady(pasta: ChildProcess, stdout: Readable): Promise<boolean> {
  const signal = AbortSignal.timeout(startLimitMilliseconds);
  const first = once(stdout, 'data', { signal });
  const ended = Promise.race([once(pasta, 'exit', { signal }), once(pasta, 'error', { signal })]);
  return Promise.race([first.then(() => true), ended.then(() => false)]).catch(() => false);
}

/** When pasta fails, its child would wait for it for ever. */
function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left.
  }
}

function setTimeoutKill(pasta: ChildProcess): NodeJS.Timeout {
  return setTimeout(() => pasta.kill('SIGKILL'), endLimitMilliseconds);
}
