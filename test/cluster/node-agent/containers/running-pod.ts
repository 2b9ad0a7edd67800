import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApiClient, type Pod, resources } from '@osv/operator/kubernetes';
import { type Clock, type EventRecorder, type Logger, sleep } from '@osv/operator/reconcile-runtime';
import { messageOf } from '../error.ts';
import type { UnpackedImage } from '../images/unpacked-image.ts';
import type { LoopbackOf } from '../network/loopback.ts';
import type { AddressLease } from '../network/pod-addresses.ts';
import { type Container, type ContainerReport, isSidecar } from './container.ts';
import { ContainerRunner } from './container-runner.ts';
import type { PodPlace } from './container-start.ts';
import { PodNetwork, podNameserver } from './pod-network.ts';
import { PodObjects } from './pod-objects.ts';
import { PodVolumes } from './pod-volumes.ts';

export interface RunningPodOptions {
  pod: Readonly<Pod>;
  lease: AddressLease;
  folder: string;
  client: ApiClient;
  pull: (reference: string) => Promise<UnpackedImage>;
  loopbackOf: LoopbackOf;
  apiServer: { host: string; port: string };
  /** Ports of this machine's 127.0.0.1 that pods reach under the same name. */
  hostPorts: () => readonly number[];
  clock: Clock;
  events: EventRecorder;
  logger: Logger;
  onChange: () => void;
}

/** What has become of a pod. */
export interface PodReport {
  readonly podAddress: string;
  readonly startedAt: number;
  /** Nothing of it runs or will run again. */
  readonly over: boolean;
  /** Why its containers cannot even be made. */
  readonly failure: string | undefined;
  readonly initContainers: readonly ContainerReport[];
  readonly containers: readonly ContainerReport[];
}

const retrySeconds = 5;
const refreshSeconds = 60;

/** An ordinary pod: network, volumes, and containers, until all have ended. */
export class RunningPod {
  readonly uid: string;
  readonly lease: AddressLease;
  readonly #options: RunningPodOptions;
  readonly #startedAt: number;
  readonly #ending = new AbortController();
  readonly #finished: Promise<void>;
  #initRunners: ContainerRunner[] = [];
  #runners: ContainerRunner[] = [];
  #network: PodNetwork | undefined;
  #failure: string | undefined;
  #over = false;
  #stopping: Promise<void> | undefined;

  constructor(options: RunningPodOptions) {
    this.#options = options;
    this.uid = options.pod.metadata.uid ?? '';
    this.lease = options.lease;
    this.#startedAt = options.clock.now();
    this.#finished = this.#live();
  }

  get report(): PodReport {
    const { initContainers, containers = [] } = this.#options.pod.spec ?? {};
    return {
      podAddress: this.lease.address,
      startedAt: this.#startedAt,
      over: this.#over,
      failure: this.#failure,
      initContainers: reports(initContainers, this.#initRunners, this.#failure),
      containers: reports(containers, this.#runners, this.#failure),
    };
  }

  /** The log of a container's last run. */
  log(container: string): { path: string; isOpen: () => boolean } | undefined {
    const runner = [...this.#initRunners, ...this.#runners].find((each) => each.container.name === container);
    if (runner?.logPath === undefined) return undefined;
    return { path: runner.logPath, isOpen: () => runner.report.state.kind === 'running' };
  }

  /** Ends all containers. A second call does not shorten the time. */
  stop(graceSeconds: number): Promise<void> {
    this.#stopping ??= this.#stop(graceSeconds);
    return this.#stopping;
  }

  /** Ends everything at once and removes its files. */
  async destroy(): Promise<void> {
    this.#ending.abort();
    for (const runner of [...this.#initRunners, ...this.#runners]) runner.kill();
    await this.#finished;
    await rm(this.#options.folder, { recursive: true, force: true });
  }

  async #stop(graceSeconds: number): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#runners.map((runner) => runner.stop(graceSeconds)));
    // Sidecars serve the others to their end.
    await Promise.all(this.#initRunners.map((runner) => runner.stop(graceSeconds)));
    await this.#finished;
  }

  async #live(): Promise<void> {
    try {
      const place = await this.#make();
      if (place) await this.#runAll(place);
    } catch (err) {
      this.#failure = messageOf(err);
      this.#options.logger.error({ err, pod: this.#options.pod.metadata.name }, 'A pod cannot be run');
    } finally {
      this.#ending.abort();
      await this.#network?.close();
      this.lease.release();
      this.#over = true;
      this.#options.onChange();
    }
  }

  /** Makes what the containers share; what is not there yet, such as a Secret, may come. */
  async #make(): Promise<PodPlace | undefined> {
    const { pod, lease, folder, client, clock, loopbackOf, apiServer, hostPorts } = this.#options;
    const { signal } = this.#ending;
    const objects = new PodObjects(client, pod);
    const volumes = new PodVolumes({ pod, objects, folder: join(folder, 'volumes'), podAddress: lease.address });
    await mkdir(folder, { recursive: true, mode: 0o700 });
    while (!signal.aborted) {
      try {
        await volumes.refresh();
        this.#network ??= await PodNetwork.start({
          loopbackAddress: loopbackOf(lease.address),
          ports: portsOf(pod),
          hostPorts: hostPorts(),
          folder,
        });
        this.#fail(undefined);
        const sharedFiles = await writeSharedFiles(folder, pod);
        void this.#keepFresh(volumes, signal);
        const podAddress = lease.address;
        return { pod, podAddress, network: this.#network, volumes, objects, folder, sharedFiles, apiServer };
      } catch (error) {
        this.#fail(messageOf(error));
      }
      await sleep(clock, retrySeconds * 1000, signal);
    }
    return undefined;
  }

  async #runAll(place: PodPlace): Promise<void> {
    const { containers = [], initContainers = [] } = place.pod.spec ?? {};
    this.#initRunners = initContainers.map((container) => this.#runner(place, container, true));
    this.#runners = containers.map((container) => this.#runner(place, container, false));
    const sidecars: Promise<void>[] = [];
    for (const runner of this.#initRunners) {
      const run = runner.run();
      if (isSidecar(runner.container)) {
        sidecars.push(run);
        await Promise.race([runner.running, run]);
        continue;
      }
      await run;
      const { state } = runner.report;
      if (this.#ending.signal.aborted || state.kind !== 'ended' || state.exitCode !== 0) return;
    }
    await Promise.all(this.#runners.map((runner) => runner.run()));
    if (sidecars.length === 0) return;
    this.#ending.abort();
    await Promise.all(this.#initRunners.map((runner) => runner.stop(1)));
    await Promise.all(sidecars);
  }

  #runner(place: PodPlace, container: Container, isInit: boolean): ContainerRunner {
    const { pod, pull, loopbackOf, clock, events, onChange } = this.#options;
    const { containerStatuses = [], initContainerStatuses = [] } = pod.status ?? {};
    const before = [...containerStatuses, ...initContainerStatuses].find(({ name }) => name === container.name);
    // One that an agent before this one had started.
    const restarts = before?.containerID ? before.restartCount + 1 : 0;
    return new ContainerRunner({
      place,
      container,
      isInit,
      restarts,
      pull,
      loopbackOf,
      clock,
      onChange,
      signal: this.#ending.signal,
      onEvent: (type, reason, message) =>
        events.record({ resource: resources.pods, object: pod }, { type, reason, message, action: 'Running' }),
    });
  }

  async #keepFresh(volumes: PodVolumes, signal: AbortSignal): Promise<void> {
    const { clock, logger, pod } = this.#options;
    while (!signal.aborted) {
      await sleep(clock, refreshSeconds * 1000, signal);
      if (signal.aborted) return;
      await volumes
        .refresh()
        .catch((err) => logger.warn({ err, pod: pod.metadata.name }, 'Volumes of a pod cannot be refreshed'));
    }
  }

  #fail(failure: string | undefined): void {
    if (this.#failure === failure) return;
    this.#failure = failure;
    this.#options.onChange();
  }
}

function reports(
  containers: readonly Container[] = [],
  runners: readonly ContainerRunner[],
  failure: string | undefined,
): ContainerReport[] {
  const waiting = failure
    ? ({ kind: 'waiting', reason: 'CreateContainerConfigError', message: failure } as const)
    : ({ kind: 'waiting', reason: 'ContainerCreating', message: '' } as const);
  return containers.map(
    ({ name, image = '' }, index) =>
      runners[index]?.report ?? { name, image, imageId: '', restarts: 0, state: waiting, last: undefined },
  );
}

/** Those that it declares. */
function portsOf(pod: Readonly<Pod>): number[] {
  const ports = (pod.spec?.containers ?? []).flatMap((container) => container.ports ?? []);
  return [...new Set(ports.filter(({ protocol = 'TCP' }) => protocol === 'TCP').map((port) => port.containerPort))];
}

async function writeSharedFiles(folder: string, pod: Readonly<Pod>): Promise<Record<string, string>> {
  const aliases = (pod.spec?.hostAliases ?? []).map(({ ip, hostnames = [] }) => `${ip}\t${hostnames.join(' ')}`);
  const own = ['127.0.0.1\tlocalhost', '::1\tlocalhost ip6-localhost', `127.0.0.1\t${pod.metadata.name}`];
  const write = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o644 });
    return join(folder, name);
  };
  return {
    '/etc/hosts': await write('hosts', `${[...own, ...aliases].join('\n')}\n`),
    '/etc/hostname': await write('hostname', `${pod.metadata.name}\n`),
    '/etc/resolv.conf': await write('resolv.conf', `nameserver ${podNameserver}\n`),
  };
}
