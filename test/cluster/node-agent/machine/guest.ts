import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import {
  type Passt,
  type PortForward,
  type PortRange,
  QmpClient,
  requireProgram,
  spawnBound,
  startPasst,
} from '@osv/local';
import { type KubevirtMachine, kubevirtArguments } from './command-line.ts';
import { type GuestOutcome, outcomeOf } from './guest-end.ts';

export interface GuestStart {
  machine: Omit<KubevirtMachine, 'descriptors' | 'serialLogPath' | 'guestAgentSocketPath'>;
  /** Holds the guest's disks, logs and sockets. */
  folder: string;
  forwards: readonly PortForward[];
  tcpRanges: readonly PortRange[];
  gracePeriodSeconds: number;
}

/** A machine that runs, or seems to. */
export interface Guest {
  readonly ended: Promise<GuestOutcome>;
  /** Undefined while it runs. */
  readonly outcome: GuestOutcome | undefined;
  /** Presses the power button, again and again until the grace period is over; then switches off. */
  stop(graceSeconds?: number): void;
  /** Switches off at once. */
  kill(): void;
  /** Ends QEMU as a crash would. */
  crash(): void;
}

/** masquerade's addresses; the gateway answers DNS for the host. */
export const masqueradeAddresses = {
  address: '10.0.2.2',
  prefixLength: 24,
  gateway: '10.0.2.1',
  nameserver: '10.0.2.1',
} as const;

export const guestFiles = { serialLog: 'serial.log', qemuLog: 'qemu.log', passtLog: 'passt.log', agentSocket: 'agent' };

/** Descriptors in QEMU's process after the three standard ones. */
const descriptors = { qmp: 3, network: 4 } as const;
/** virt-handler asks again about as often. */
const powerButtonSeconds = 5;
const quitLimitMilliseconds = 2_000;
const exitCodeNotStarted = 127;

/** One QEMU with its passt. Both end when this process does, however it ends. */
export class QemuGuest implements Guest {
  readonly ended: Promise<GuestOutcome>;
  outcome: GuestOutcome | undefined;
  readonly #process: ChildProcess;
  readonly #qmp: QmpClient;
  readonly #gracePeriodSeconds: number;
  readonly #timers = new Set<NodeJS.Timeout>();
  #stop: 'none' | 'asked' | 'forced' = 'none';
  #shutdownReason: string | undefined;
  #panicked = false;

  /** Resolves when the machine runs. @throws LocalError when passt or QEMU is missing, or passt cannot start */
  static async start(start: GuestStart): Promise<QemuGuest> {
    const [qemu, setpriv] = [await requireProgram('qemu-system-x86_64'), await requireProgram('setpriv')];
    const { machine, folder } = start;
    const passt = machine.network
      ? await startPasst(await requireProgram('passt'), start.forwards, join(folder, guestFiles.passtLog), {
          addresses: masqueradeAddresses,
          tcpRanges: start.tcpRanges,
        })
      : undefined;
    const log = await open(join(folder, guestFiles.qemuLog), 'a', 0o600);
    try {
      const args = kubevirtArguments({
        ...machine,
        descriptors,
        serialLogPath: join(folder, guestFiles.serialLog),
        guestAgentSocketPath: join(folder, guestFiles.agentSocket),
      });
      const stdio = ['ignore', log.fd, log.fd, 'pipe', ...(passt ? [passt.socket] : [])] as const;
      const child = spawnBound(setpriv, [qemu, ...args], [...stdio]);
      const guest = new QemuGuest(child, passt, start);
      // When QEMU could not start, its exit tells more than the broken channel does.
      await guest.#qmp.start().catch(() => {});
      return guest;
    } finally {
      passt?.socket.destroy();
      await log.close();
    }
  }

  private constructor(child: ChildProcess, passt: Passt | undefined, start: GuestStart) {
    this.#process = child;
    this.#gracePeriodSeconds = start.gracePeriodSeconds;
    const channel = child.stdio[descriptors.qmp] as Socket;
    channel.on('error', () => channel.destroy());
    this.#qmp = new QmpClient(channel, (name, data) => this.#onEvent(name, data));
    this.ended = this.#end(passt, join(start.folder, guestFiles.qemuLog));
  }

  stop(graceSeconds = this.#gracePeriodSeconds): void {
    if (this.#stop !== 'none' || this.outcome) return;
    if (graceSeconds <= 0) {
      this.kill();
      return;
    }
    this.#stop = 'asked';
    const press = () => void this.#qmp.execute('system_powerdown').catch(() => {});
    press();
    this.#timers.add(setInterval(press, powerButtonSeconds * 1000));
    this.#timers.add(setTimeout(() => this.kill(), graceSeconds * 1000));
  }

  kill(): void {
    if (this.outcome) return;
    this.#stop = 'forced';
    this.#quit();
  }

  crash(): void {
    this.#process.kill('SIGKILL');
  }

  #onEvent(name: string, data: Record<string, unknown>): void {
    if (name === 'GUEST_PANICKED') this.#panicked = true;
    if (name !== 'SHUTDOWN') return;
    this.#shutdownReason ??= String(data.reason);
    this.#quit();
  }

  #quit(): void {
    this.#timers.add(setTimeout(() => this.#process.kill('SIGKILL'), quitLimitMilliseconds));
    void this.#qmp.execute('quit').catch(() => {});
  }

  async #end(passt: Passt | undefined, qemuLog: string): Promise<GuestOutcome> {
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
      this.#process.on('exit', (...end) => resolve(end));
      this.#process.on('error', () => resolve([exitCodeNotStarted, null]));
    });
    for (const timer of this.#timers) clearTimeout(timer);
    if (passt) await endOf(passt.process);
    this.outcome = outcomeOf({
      shutdownReason: this.#shutdownReason,
      panicked: this.#panicked,
      stop: this.#stop,
      gracePeriodSeconds: this.#gracePeriodSeconds,
      qemu: { code, signal },
      qemuMessage: await readFile(qemuLog, 'utf8').catch(() => ''),
    });
    return this.outcome;
  }
}

/** QEMU held the last end of passt's socket, so it ends by itself; an address is only free after that. */
async function endOf(passt: ChildProcess): Promise<void> {
  if (passt.exitCode !== null || passt.signalCode !== null) return;
  const timer = setTimeout(() => passt.kill('SIGKILL'), quitLimitMilliseconds);
  await once(passt, 'exit');
  clearTimeout(timer);
}

/** Boots nothing: runs until it is told to stop, and then obeys at once. */
export class PretendGuest implements Guest {
  readonly #end = Promise.withResolvers<GuestOutcome>();
  readonly ended = this.#end.promise;
  outcome: GuestOutcome | undefined;

  stop(): void {
    this.#finish({ phase: 'Succeeded', message: 'The guest switched itself off.' });
  }

  kill(): void {
    this.stop();
  }

  crash(): void {
    this.#finish({ phase: 'Failed', message: 'QEMU was ended by SIGKILL.' });
  }

  #finish(outcome: GuestOutcome): void {
    if (this.outcome) return;
    this.outcome = outcome;
    this.#end.resolve(outcome);
  }
}
