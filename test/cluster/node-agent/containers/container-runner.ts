import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, sleep } from '@osv/operator/reconcile-runtime';
import { messageOf, NodeAgentError } from '../error.ts';
import type { UnpackedImage } from '../images/unpacked-image.ts';
import type { LoopbackOf } from '../network/loopback.ts';
import { PodHealth } from '../pods/health.ts';
import { type Container, type ContainerReport, type ContainerState, type Ending, isSidecar } from './container.ts';
import { ContainerProcess } from './container-process.ts';
import { type PodPlace, prepareContainer } from './container-start.ts';
import { terminationMessage } from './termination-message.ts';

export interface ContainerRunnerOptions {
  place: PodPlace;
  container: Container;
  /** An init container, which runs until it has succeeded. */
  isInit: boolean;
  /** Restarts before this process. */
  restarts: number;
  pull: (reference: string) => Promise<UnpackedImage>;
  loopbackOf: LoopbackOf;
  clock: Clock;
  /** Of a pod that is to end. */
  signal: AbortSignal;
  onChange: () => void;
  onEvent: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

/** A kubelet's back-off: the first restart comes at once; a run that lasted longer than the reset begins anew. */
const backOffSeconds = { first: 10, max: 300, reset: 600 };
const graceSecondsDefault = 30;

/** One container of a pod: its runs, one after the other, as the restart policy says. */
export class ContainerRunner {
  readonly container: Container;
  /** Of the last run. */
  logPath: string | undefined;
  readonly #options: ContainerRunnerOptions;
  #state: ContainerState = { kind: 'waiting', reason: 'ContainerCreating', message: '' };
  #last: Ending | undefined;
  #restarts: number;
  #imageId = '';
  #process: ContainerProcess | undefined;
  #health: PodHealth | undefined;
  readonly #running = Promise.withResolvers<void>();

  constructor(options: ContainerRunnerOptions) {
    this.#options = options;
    this.container = options.container;
    this.#restarts = options.restarts;
  }

  /** Resolves when it has first been started. */
  get running(): Promise<void> {
    return this.#running.promise;
  }

  get report(): ContainerReport {
    const { name, image = '' } = this.container;
    return { name, image, imageId: this.#imageId, restarts: this.#restarts, state: this.#state, last: this.#last };
  }

  /** Runs until it is not to run again, or the pod is to end. */
  async run(): Promise<void> {
    const { signal, clock, onEvent } = this.#options;
    let pause = 0;
    while (!signal.aborted) {
      const begun = clock.now();
      const ending = await this.#runOnce().catch((error) => this.#refuse(error));
      if (ending && !this.#restartsAfter(ending)) return;
      if (signal.aborted) return;
      if (clock.now() - begun > backOffSeconds.reset * 1000) pause = 0;
      const next = Math.min(Math.max(pause * 2, backOffSeconds.first), backOffSeconds.max);
      // What cannot even be started, such as an image that is not there, is not tried again at once.
      const wait = ending ? pause : next;
      if (ending) this.#last = ending;
      if (ending && wait > 0) {
        const message = `back-off ${wait}s restarting failed container=${this.container.name}`;
        this.#set({ kind: 'waiting', reason: 'CrashLoopBackOff', message });
        onEvent('Warning', 'BackOff', message);
      }
      await sleep(clock, wait * 1000, signal);
      if (ending && !signal.aborted) this.#restarts += 1;
      pause = next;
    }
    if (this.#state.kind === 'waiting' && this.#last) this.#set({ kind: 'ended', ...this.#last });
  }

  /** Asks the program to end, and makes it when the time is over. */
  async stop(graceSeconds: number): Promise<void> {
    const process = this.#process;
    if (!process) return;
    process.signal(graceSeconds > 0 ? 'SIGTERM' : 'SIGKILL');
    const timer = setTimeout(() => process.signal('SIGKILL'), graceSeconds * 1000);
    await process.ended;
    clearTimeout(timer);
  }

  /** At once, for an agent that ends. */
  kill(): void {
    this.#process?.signal('SIGKILL');
  }

  async #runOnce(): Promise<Ending> {
    const { place, container, clock, signal } = { ...this.#options };
    const image = await this.#pull();
    const folder = join(place.folder, 'containers', container.name, `${this.#restarts}`);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    try {
      const start = await prepareContainer(place, container, image, folder);
      if (signal.aborted) throw new NodeAgentError('not-found', 'The pod ends.');
      const process = await ContainerProcess.start(start);
      const startedAt = clock.now();
      this.#process = process;
      if (signal.aborted) process.signal('SIGKILL');
      this.logPath = start.logPath;
      this.#watchHealth(startedAt);
      this.#running.resolve();
      const exitCode = await process.ended;
      this.#process = undefined;
      this.#health?.end();
      const message = await terminationMessage(container, exitCode, start);
      const reason = exitCode === 0 ? 'Completed' : 'Error';
      const ending = { exitCode, reason, message, startedAt, endedAt: clock.now() };
      this.#set({ kind: 'ended', ...ending });
      return ending;
    } finally {
      await rm(join(folder, 'root'), { recursive: true, force: true });
    }
  }

  async #pull(): Promise<UnpackedImage> {
    const { image = '' } = this.container;
    try {
      const unpacked = await Promise.race([this.#options.pull(image), endOf(this.#options.signal)]);
      this.#imageId = `${image.replace(/(:[^/:@]+)?(@.*)?$/, '')}@${unpacked.digest}`;
      return unpacked;
    } catch (error) {
      throw new PullError(messageOf(error));
    }
  }

  #refuse(error: unknown): undefined {
    if (this.#options.signal.aborted) return;
    const again = this.#state.kind === 'waiting' && this.#state.reason === 'ErrImagePull';
    const reason = error instanceof PullError ? (again ? 'ImagePullBackOff' : 'ErrImagePull') : 'CreateContainerError';
    this.#set({ kind: 'waiting', reason, message: messageOf(error) });
    this.#options.onEvent('Warning', 'Failed', messageOf(error));
  }

  #restartsAfter({ exitCode }: Ending): boolean {
    const policy = this.#options.place.pod.spec?.restartPolicy ?? 'Always';
    if (isSidecar(this.container)) return true;
    if (this.#options.isInit) return exitCode !== 0 && policy !== 'Never';
    return policy === 'Always' || (policy === 'OnFailure' && exitCode !== 0);
  }

  #watchHealth(startedAt: number): void {
    const { place, container, loopbackOf, clock, onEvent } = this.#options;
    const show = () => {
      if (!this.#process) return;
      const { started, ready } = health;
      this.#set({ kind: 'running', startedAt, started, ready });
    };
    const health = new PodHealth(container, {
      podAddress: place.podAddress,
      loopbackOf,
      pretend: false,
      clock,
      onChange: show,
      onUnhealthy: (message) => onEvent('Warning', 'Unhealthy', message),
      onDead: () => void this.stop(place.pod.spec?.terminationGracePeriodSeconds ?? graceSecondsDefault),
    });
    this.#health = health;
    show();
  }

  #set(state: ContainerState): void {
    this.#state = state;
    this.#options.onChange();
  }
}

class PullError extends Error {}

/** Rejects when the pod is to end: a pull may take minutes. */
function endOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('The pod ends.')), { once: true });
  });
}
