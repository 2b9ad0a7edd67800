import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { requireProgram } from '@osv/local';
import { NodeAgentError } from '../error.ts';

export interface PodNetworkOptions {
  /** Where the pod's ports are reached on this machine. */
  loopbackAddress: string;
  ports: readonly number[];
  /** Ports of this machine's 127.0.0.1 that are reached there in the pod, too. */
  hostPorts: readonly number[];
  logPath: string;
}

/** Queries to it go to this machine's resolver; link-local, so that no network has it. */
export const podNameserver = '169.254.20.10';

const startLimitMilliseconds = 10_000;
const pollMilliseconds = 5;
const endLimitMilliseconds = 2_000;
const isRoot = process.getuid?.() === 0;

/**
 * The network of a pod: a name space of its own, which pasta(1) connects to this machine. It lasts as long as a process
 * that waits for the end of its input, which this process holds open: so it ends with this process, however that ends.
 */
export class PodNetwork {
  readonly #pasta: ChildProcess;
  readonly #holder: number;

  private constructor(pasta: ChildProcess, holder: number) {
    this.#pasta = pasta;
    this.#holder = holder;
  }

  /** @throws NodeAgentError tool-failed; LocalError tool-missing */
  static async start(options: PodNetworkOptions): Promise<PodNetwork> {
    const [program, holder] = [await requireProgram('pasta'), await requireProgram('cat')];
    const log = await open(options.logPath, 'a', 0o600);
    try {
      const pasta = spawn(program, [...pastaArguments(options), '--', holder], {
        detached: true,
        stdio: ['pipe', 'ignore', log.fd],
      });
      pasta.stdin?.on('error', () => {});
      const pid = await holderOf(pasta, holder);
      if (pid !== undefined) return new PodNetwork(pasta, pid);
      killGroup(pasta);
      const said = (await readFile(options.logPath, 'utf8')).trim().split('\n').at(-1) ?? '';
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
    if (this.#pasta.exitCode !== null || this.#pasta.signalCode !== null) return;
    const ended = once(this.#pasta, 'exit');
    this.#pasta.stdin?.end();
    const timer = setTimeoutKill(this.#pasta);
    await ended;
    clearTimeout(timer);
  }
}

/** Root needs no user name space for a network, and pasta would otherwise become a user that cannot make one. */
function pastaArguments({ loopbackAddress, ports, hostPorts }: PodNetworkOptions): string[] {
  const inwards = ports.flatMap((port) => ['-t', `${loopbackAddress}/${port}:${port}`]);
  return [
    ...['-f', '-q', '--config-net', '--ipv4-only', ...(isRoot ? ['--netns-only', '--runas', '0'] : [])],
    ...['--dns-forward', podNameserver, '-u', 'none', '-U', 'none'],
    ...(inwards.length > 0 ? inwards : ['-t', 'none']),
    ...['-T', hostPorts.length > 0 ? hostPorts.join(',') : 'none'],
  ];
}

/** pasta's child becomes the holder when addresses and ports are ready. @returns undefined when pasta has ended */
async function holderOf(pasta: ChildProcess, holder: string): Promise<number | undefined> {
  let failed = false;
  pasta.on('error', () => {
    failed = true;
  });
  for (const deadline = performance.now() + startLimitMilliseconds; performance.now() < deadline; ) {
    if (failed || pasta.exitCode !== null || pasta.signalCode !== null) return undefined;
    const children = await readFile(`/proc/${pasta.pid}/task/${pasta.pid}/children`, 'utf8').catch(() => '');
    for (const pid of children.trim().split(' ').filter(Boolean)) {
      const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (words === `${holder}\0`) return Number(pid);
    }
    await delay(pollMilliseconds);
  }
  return undefined;
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
