import { readFile } from 'node:fs/promises';
import { bootConfigurationText } from '@osv/contracts';
import { resources, type VirtualMachineInstance } from '@osv/operator/kubernetes';
import type { Cluster } from '../../cluster/cluster.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import type { GuestImage } from './guest-image.ts';

type Spec = VirtualMachineInstance['spec'];

export interface GuestRequest {
  readonly name: string;
  readonly image: GuestImage;
  readonly arguments?: readonly string[];
  readonly gracePeriodSeconds?: number;
  readonly readinessProbe?: Spec['readinessProbe'];
  readonly livenessProbe?: Spec['livenessProbe'];
  /** Further volumes: each is a disk whose serial is its name, mounted at /NAME. */
  readonly volumes?: NonNullable<Spec['volumes']>;
}

const secondsMax = 300;

/** Guests of one namespace, as objects of KubeVirt's API. */
export class Guests {
  readonly #cluster: Cluster;
  readonly #namespace: string;

  constructor(cluster: Cluster, namespace: string) {
    this.#cluster = cluster;
    this.#namespace = namespace;
  }

  /** Creates the guest with its boot Secret. */
  async create(request: GuestRequest): Promise<void> {
    const { name, image, volumes = [] } = request;
    const namespace = this.#namespace;
    const configuration = bootConfigurationText({
      version: 1,
      program: image.program,
      arguments: [image.program, ...(request.arguments ?? [])],
      network: { interfaces: [{ addresses: ['10.0.2.2/24'], gateway: '10.0.2.1', dhcp: false }] },
      mounts: volumes.map((volume) => ({ serial: volume.name, path: `/${volume.name}`, type: 'iso9660' })),
      management: { port: 9180 },
    });
    const { client } = this.#cluster;
    await client.create(resources.secrets, {
      metadata: { name: `${name}-boot`, namespace },
      stringData: { 'boot.json': configuration },
    });
    await client.create(resources.virtualMachineInstances, {
      metadata: { name, namespace, labels: { guest: name } },
      spec: spec(request),
    });
  }

  get(name: string): Promise<VirtualMachineInstance | undefined> {
    return this.#cluster.client.get(resources.virtualMachineInstances, { namespace: this.#namespace, name });
  }

  async phase(name: string): Promise<string | undefined> {
    return (await this.get(name))?.status?.phase;
  }

  untilPhase(name: string, ...phases: string[]): Promise<void> {
    const isThere = async () => phases.includes((await this.phase(name)) ?? '');
    return waitUntil(`guest ${name} is ${phases.join(' or ')}`, isThere, { secondsMax });
  }

  untilReady(name: string): Promise<void> {
    const isReady = async () => {
      const vmi = await this.get(name);
      return vmi?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
    };
    return waitUntil(`guest ${name} is ready`, isReady, { secondsMax });
  }

  untilGone(name: string): Promise<void> {
    const isGone = async () => (await this.get(name)) === undefined && (await this.pod(name)) === undefined;
    return waitUntil(`guest ${name} is gone`, isGone, { secondsMax });
  }

  delete(name: string): Promise<boolean> {
    return this.#cluster.client.delete(resources.virtualMachineInstances, { namespace: this.#namespace, name });
  }

  /** Its launcher pod. */
  async pod(name: string) {
    const selection = { namespace: this.#namespace, labelSelector: `guest=${name}` };
    return (await this.#cluster.client.list(resources.pods, selection)).items[0];
  }

  /** What it has written to its serial line so far. */
  async serialLog(name: string): Promise<string> {
    const all = await this.#control<{ namespace: string; name: string; serialLog: string }[]>('GET', '/guests');
    const found = all.find((each) => each.name === name && each.namespace === this.#namespace);
    return found ? readFile(found.serialLog, 'utf8') : '';
  }

  crash(name: string): Promise<unknown> {
    return this.#control('POST', `/guests/${this.#namespace}/${name}/crash`);
  }

  faults(faults: object): Promise<unknown> {
    return this.#control('POST', '/faults', faults);
  }

  async #control<T>(method: string, path: string, body?: object): Promise<T> {
    const answer = await fetch(`${this.#cluster.nodeControl}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`);
    return (await answer.json()) as T;
  }
}

function spec({ image, volumes = [], gracePeriodSeconds = 30, name, ...probes }: GuestRequest): Spec {
  const disk = (serial: string) => ({ name: serial, serial, disk: { bus: 'virtio' } });
  return {
    terminationGracePeriodSeconds: gracePeriodSeconds,
    ...(probes.readinessProbe && { readinessProbe: probes.readinessProbe }),
    ...(probes.livenessProbe && { livenessProbe: probes.livenessProbe }),
    domain: {
      cpu: { cores: 1, maxSockets: 1 },
      memory: { guest: '64Mi' },
      firmware: { kernelBoot: { container: { image: image.reference, kernelPath: '/boot/osv.elf' } } },
      devices: {
        autoattachGraphicsDevice: false,
        logSerialConsole: false,
        disableHotplug: true,
        rng: {},
        disks: [disk('root'), disk('boot'), ...volumes.map((volume) => disk(volume.name))],
        interfaces: [{ name: 'default', masquerade: {}, model: 'virtio', ports: [{ port: 7000 }, { port: 9180 }] }],
      },
    },
    networks: [{ name: 'default', pod: {} }],
    volumes: [
      { name: 'root', containerDisk: { image: image.reference } },
      { name: 'boot', secret: { secretName: `${name}-boot`, volumeLabel: 'osvboot' } },
      ...volumes,
    ],
  };
}
