import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import type { Readable } from 'node:stream';
import type { GuestEvent } from '@osv/contracts';
import { writeBootDisk } from '../boot-configuration/disk.ts';
import { QmpClient } from '../machine/qmp.ts';
import { guestNetwork } from '../network/guest-network.ts';
import { type Passt, startPasst } from '../network/passt.ts';
import { ConsoleLog } from './console-log.ts';
import { ControlChannel } from './control-channel.ts';
import { type EndOfMachine, guestExit } from './guest-exit.ts';
import type { LaunchPlan } from './launch-plan.ts';
import { type MachineProcess, startMachine } from './machine-process.ts';
import type { InstancePaths } from './paths.ts';
import { ownIdentity } from './process-identity.ts';
import type { InstanceRecord } from './record.ts';
import type { InstanceStore } from './store.ts';

/** How long QEMU may take to end itself before it is killed. */
const quitLimitMilliseconds = 2_000;

/** Takes a part of the program's output; resolves when more may come. */
export type OutputSink = (chunk: Buffer) => Promise<void> | void;

export interface ProgramStreams {
  /** Without one the program finds its standard input at its end. */
  stdin?: Readable;
  stdout?: OutputSink;
  stderr?: OutputSink;
}

export interface SupervisorLog {
  info(details: object, message: string): void;
}

const noLog: SupervisorLog = { info: () => {} };

/**
 * Owns one running instance: its QEMU, its passt, its logs and its record. It lives in the process of `osv run`, or in a
 * process of its own for a detached instance; when that process dies, so does the guest.
 */
export class Supervisor {
  readonly #store: InstanceStore;
  readonly #paths: InstancePaths;
  readonly #log: SupervisorLog;
  #record: InstanceRecord;
  #machine!: MachineProcess;
  #qmp!: QmpClient;
  #control!: ControlChannel;
  #stop: EndOfMachine['stop'] = 'none';
  #lastEvent: EndOfMachine['event'];
  #ready = Promise.withResolvers<void>();
  #ended = Promise.withResolvers<InstanceRecord>();

  private constructor(store: InstanceStore, record: InstanceRecord, log: SupervisorLog) {
    this.#store = store;
    this.#record = record;
    this.#paths = store.paths(record.name);
    this.#log = log;
  }

  /**
   * Starts the instance; resolves when the machine runs. What fails before that is written in the record too.
   *
   * @throws LocalError
   */
  static async start(
    store: InstanceStore,
    record: InstanceRecord,
    plan: LaunchPlan,
    streams: ProgramStreams,
    log: SupervisorLog = noLog,
  ): Promise<Supervisor> {
    const supervisor = new Supervisor(store, record, log);
    try {
      await supervisor.#launch(plan, streams);
    } catch (error) {
      await supervisor.#abandon(error);
      throw error;
    }
    return supervisor;
  }

  /** The record as it was last written. */
  get record(): InstanceRecord {
    return this.#record;
  }

  /** Resolves when the program is about to run; never when it does not come to that. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves with the last record when QEMU has ended and all output was delivered. */
  get ended(): Promise<InstanceRecord> {
    return this.#ended.promise;
  }

  /** Delivers a signal to the program in the guest. */
  sendSignal(signal: number): void {
    this.#control.sendSignal(signal);
  }

  /** Presses the power button, which sends the program SIGTERM; after the grace period the machine is switched off. */
  async stop(graceSeconds: number): Promise<void> {
    if (this.#stop !== 'none') return;
    this.#log.info({ graceSeconds }, 'stopping');
    this.#stop = 'asked';
    if (graceSeconds <= 0 || this.#record.readyAt === undefined) return this.kill();
    await this.#qmp.execute('system_powerdown').catch(() => {});
    const timer = setTimeout(() => void this.kill(), graceSeconds * 1000);
    void this.ended.then(() => clearTimeout(timer));
  }

  /** Switches the machine off at once. */
  async kill(): Promise<void> {
    this.#log.info({}, 'switching off');
    this.#stop = 'forced';
    const timer = setTimeout(() => this.#machine.process.kill('SIGKILL'), quitLimitMilliseconds);
    void this.ended.then(() => clearTimeout(timer));
    await this.#qmp.execute('quit').catch(() => {});
  }

  async #launch(plan: LaunchPlan, streams: ProgramStreams): Promise<void> {
    await this.#update({ supervisor: ownIdentity(), startedAt: new Date().toISOString() });
    await writeBootDisk(this.#paths.bootDisk, plan.bootConfiguration);
    const [root, ...others] = plan.disks;
    const boot = { serial: 'boot', path: this.#paths.bootDisk, readOnly: true };
    const passt = await this.#startPasst(plan);
    const startedAt = performance.now();
    this.#machine = await startMachine({
      qemu: plan.qemu,
      setpriv: plan.setpriv,
      spec: {
        ...plan.machine,
        disks: [...(root ? [root] : []), boot, ...others],
        kernelLogPath: this.#paths.kernelLog,
      },
      network: passt ? { socket: passt.socket } : { device: userNetwork(plan) },
      logPath: this.#paths.qemuLog,
    });
    const exited = exitOf(this.#machine, passt);
    const { channels } = this.#machine;
    this.#control = new ControlChannel(channels.control, (event) => this.#onGuestEvent(event, startedAt));
    const consoleLog = new ConsoleLog(this.#paths.consoleLog);
    const output = [
      pump(channels.stdout, (chunk) => Promise.all([consoleLog.write(chunk), streams.stdout?.(chunk)])),
      pump(channels.stderr, (chunk) => Promise.all([consoleLog.write(chunk), streams.stderr?.(chunk)])),
      untilClosed(channels.control),
    ];
    channels.stdin.resume();
    if (streams.stdin) streams.stdin.pipe(channels.stdin);
    else channels.stdin.end();
    this.#qmp = new QmpClient(channels.qmp, (name, data) => this.#log.info({ event: name, data }, 'QEMU event'));
    // When QEMU could not start, its exit below tells more than the broken channel does.
    await this.#qmp.start().catch(() => {});
    await this.#update({ state: 'running' });
    void this.#finish(exited, output, consoleLog);
  }

  async #startPasst({ network }: LaunchPlan): Promise<Passt | undefined> {
    if (network?.backend !== 'passt' || network.passt === undefined) return undefined;
    return startPasst(network.passt, network.forwards, this.#paths.passtLog);
  }

  #onGuestEvent(event: GuestEvent, startedAt: number): void {
    this.#log.info({ event, milliseconds: Math.round(performance.now() - startedAt) }, 'guest event');
    if (event.event !== 'ready') {
      this.#lastEvent = event;
      return;
    }
    this.#record = { ...this.#record, readyAt: new Date().toISOString(), bootMicroseconds: event.bootMicroseconds };
    void this.#update({}).then(() => this.#ready.resolve());
  }

  async #finish(exited: Promise<EndOfMachine['qemu']>, output: Promise<void>[], log: ConsoleLog): Promise<void> {
    const qemu = await exited;
    await Promise.all(output);
    await log.close();
    if (log.failure) this.#log.info({ failure: log.failure.message }, 'the log of the output is incomplete');
    const exit = guestExit({
      qemu,
      event: this.#lastEvent,
      ready: this.#record.readyAt !== undefined,
      stop: this.#stop,
      qemuMessage: await readFile(this.#paths.qemuLog, 'utf8').catch(() => ''),
      kernelLog: await readFile(this.#paths.kernelLog, 'utf8').catch(() => ''),
    });
    this.#log.info({ exit, qemu }, 'ended');
    await this.#writes;
    this.#record = { ...this.#record, state: 'exited', finishedAt: new Date().toISOString(), exit };
    // Where the disk is full the record stays as it was, and the next command finds that nobody keeps it alive.
    await this.#store.finish(this.#record).catch((error) => this.#log.info({ error }, 'the record is not written'));
    this.#ended.resolve(this.#record);
  }

  async #abandon(error: unknown): Promise<void> {
    this.#machine?.process.kill('SIGKILL');
    const message = error instanceof Error ? error.message : String(error);
    const exit = { code: 125, reason: 'machine-failed' as const, message };
    await this.#writes.catch(() => {});
    const record = { ...this.#record, state: 'exited' as const, finishedAt: new Date().toISOString(), exit };
    // The error that ended it is what the caller hears of; a record that cannot be written either must not hide it.
    await this.#store.finish(record).catch(() => {});
  }

  #writes: Promise<void> = Promise.resolve();

  /** A full disk is no reason to end a guest that runs; one that does not run yet had better not start. */
  #onUnwritten(error: unknown): void {
    if (!this.#machine) throw error;
    this.#log.info({ error }, 'the record is not written');
  }

  /** Writes are queued, so that an older record never replaces a newer one. */
  #update(changes: Partial<InstanceRecord>): Promise<void> {
    this.#record = { ...this.#record, ...changes };
    this.#writes = this.#writes.then(() => this.#store.write(this.#record)).catch((error) => this.#onUnwritten(error));
    return this.#writes;
  }
}

function userNetwork(plan: LaunchPlan) {
  if (!plan.network) return undefined;
  return {
    backend: 'user' as const,
    guestNetwork: guestNetwork.network,
    guestAddress: guestNetwork.address,
    gateway: guestNetwork.gateway,
    nameserver: guestNetwork.nameserver,
    forwards: plan.network.forwards,
  };
}

async function exitOf(machine: MachineProcess, passt: Passt | undefined): Promise<EndOfMachine['qemu']> {
  const [code, signal]: [number | null, NodeJS.Signals | null] = await new Promise((resolve) => {
    machine.process.on('exit', (...end) => resolve(end));
    machine.process.on('error', () => resolve([exitCodeNotStarted, null]));
  });
  if (passt && passt.process.exitCode === null && passt.process.signalCode === null) {
    // QEMU held the last end of its socket, so it ends by itself; an address is only free after that.
    const timer = setTimeout(() => passt.process.kill('SIGKILL'), quitLimitMilliseconds);
    await once(passt.process, 'exit');
    clearTimeout(timer);
  }
  return { code, signal };
}

const exitCodeNotStarted = 127;

async function pump(stream: Readable, sink: (chunk: Buffer) => Promise<unknown>): Promise<void> {
  try {
    for await (const chunk of stream) await sink(chunk);
  } catch {
    // A sink that has gone away (a closed pipe) must not stall the program: the rest is read and laid aside.
    stream.resume();
    await untilClosed(stream);
  }
}

async function untilClosed(stream: Readable): Promise<void> {
  if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', () => resolve()));
}
