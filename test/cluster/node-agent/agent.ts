import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { chooseAccelerator, type ProbeResult, requireProgram } from '@osv/local';
import {
  type ConnectedApiClient,
  createApiClient,
  type EndpointSlice,
  keyOf,
  type ObjectReference,
  type Pod,
  resources,
  type Service,
  type VirtualMachineInstance,
} from '@osv/operator/kubernetes';
import {
  Controller,
  type ControllerOptions,
  EventRecorder,
  type Logger,
  Reflector,
  systemClock,
} from '@osv/operator/reconcile-runtime';
import { kubernetesVersion, readGoModule } from '../tools/go-module.ts';
import { ContainerPods } from './containers/container-pods.ts';
import { Faults } from './control/faults.ts';
import { NodeAgentError } from './error.ts';
import { GuestController } from './guests/guest-controller.ts';
import { GuestTable } from './guests/guest-table.ts';
import { HandlerClients } from './guests/handler-client.ts';
import type { GuestSources } from './guests/start-guest.ts';
import { ImageStore } from './images/image-store.ts';
import { guestFiles } from './machine/guest.ts';
import { type HttpProxy, startHttpProxy } from './network/http-proxy.ts';
import { type LoopbackOf, loopbackMapping } from './network/loopback.ts';
import { PodAddresses } from './network/pod-addresses.ts';
import { ServiceProxy, serviceAddress } from './network/service-proxy.ts';
import { apiServerOf } from './node/api-server.ts';
import { Heartbeat } from './node/heartbeat.ts';
import { type ContainerLog, type KubeletServer, startKubeletServer } from './node/kubelet-server.ts';
import { type ManagedNode, managedNode, type NodeOptions } from './node/managed-node.ts';
import { guestOfPod } from './pods/launcher.ts';
import { PodController } from './pods/pod-controller.ts';
import { FolderProvisioner } from './storage/provisioner.ts';

export interface NodeAgentOptions {
  /** Path; its user may do what kubelets and KubeVirt's handler may. */
  kubeconfig: string;
  nodes: NodeOptions[];
  /**
   * Holds `guests/` with the guests' disks, logs and sockets, and `pods/`, which are emptied at the start; `volumes/`,
   * which are not; and tokens.
   */
  folder: string;
  /** Unpacked images, kept from run to run; default in the user's cache. */
  imageFolder?: string;
  /** HOST:PORT of registries with plain HTTP. */
  insecureRegistries?: string[];
  /** Takes CONNECT requests of the API server, beside the proxy's port. */
  egressSocket?: string | undefined;
  proxyPort?: number;
  /** A pod 10.244.X.Y listens on PREFIX.X.Y; default 127.244. */
  podLoopbackPrefix?: string;
  /** Serve the cluster's Services on this machine; one agent of a cluster must. Default true. */
  serviceProxy?: boolean;
  /** Give claims of the default StorageClass their volumes; one agent of a cluster must. Default true. */
  provisioner?: boolean;
  /** See PodControllerOptions. */
  pullBackOffSeconds?: number;
  /** PEM files of the kubelet's HTTPS server; it signs its own certificate without them. */
  servingCertificate?: { certificate: string; key: string };
  logger: Logger;
}

export interface GuestDescription {
  namespace: string;
  name: string;
  node: string;
  /** In the cluster. */
  podAddress: string;
  state: 'starting' | 'running' | 'ended';
  /** What the guest wrote to its serial line. */
  serialLog?: string;
}

export interface NodeAgent {
  /** http://127.0.0.1:PORT: the way to addresses of pods and Services. */
  readonly proxy: string;
  readonly faults: Faults;
  guests(): GuestDescription[];
  /** Kills the QEMU of a guest. @throws NodeAgentError not-found */
  crashGuest(guest: ObjectReference): void;
  /** As if the node's power were cut: its guests end, and nothing more is heard of it. @throws NodeAgentError not-found */
  loseNode(name: string): void;
  /** The node starts again, without what it ran. @throws NodeAgentError not-found */
  recoverNode(name: string): Promise<void>;
  /** Ends all guests at once and the agent with them; the Node objects stay. */
  stop(): Promise<void>;
}

const requestsPerSecond = 500;
/** How many pods, and how many guests, are worked on at once. */
const concurrency = { pods: 16, guests: 8, pretend: 64 };
const guestsFolder = 'guests';
const podsFolder = 'pods';
const volumesFolder = 'volumes';
/** Tokens last a day. */
const tokenRenewMilliseconds = 8 * 3600 * 1000;
/** Both show the guest's serial line; KubeVirt's own launcher has its messages in the first. */
const logContainers = ['compute', 'guest-console-log'];

/** Starts nodes in this process; resolves when they are registered and ready. */
export async function startNodeAgent(options: NodeAgentOptions): Promise<NodeAgent> {
  // What a process before this one left behind; its guests are gone.
  for (const name of [guestsFolder, podsFolder]) await rm(join(options.folder, name), { recursive: true, force: true });
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const agent = new Agent(options);
  try {
    await agent.start();
  } catch (error) {
    await agent.stop();
    throw error;
  }
  return agent;
}

class Agent implements NodeAgent {
  readonly faults = new Faults();
  readonly #options: NodeAgentOptions;
  readonly #logger: Logger;
  readonly #loopbackOf: LoopbackOf;
  readonly #nodes: ReadonlyMap<string, ManagedNode>;
  readonly #guests = new GuestTable();
  readonly #client: ConnectedApiClient;
  readonly #handlers: HandlerClients;
  readonly #images: ImageStore;
  readonly #cacheFolder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'osv');
  readonly #pods: Reflector<Pod>;
  readonly #vmis: Reflector<VirtualMachineInstance>;
  readonly #services: Reflector<Service>;
  readonly #slices: Reflector<EndpointSlice>;
  readonly #addresses: PodAddresses;
  readonly #ordinaryPods: ContainerPods;
  readonly #podController: PodController;
  readonly #podQueue: Controller;
  readonly #guestQueue: Controller;
  readonly #ended = new AbortController();
  readonly #work: Promise<void>[] = [];
  #acceleration: Promise<ProbeResult> | undefined;
  #serviceProxy: ServiceProxy | undefined;
  #httpProxy: HttpProxy | undefined;
  #kubelet: KubeletServer | undefined;
  #heartbeat: Heartbeat | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: NodeAgentOptions) {
    const { logger, kubeconfig, folder } = options;
    this.#options = options;
    this.#logger = logger;
    this.#loopbackOf = loopbackMapping(options.podLoopbackPrefix);
    this.#nodes = new Map(options.nodes.map((each) => [each.name, managedNode(each)]));
    const userAgent = 'osv-node-agent/kubelet';
    this.#client = createApiClient({ kubeconfig, fieldManager: 'kubelet', userAgent, qps: requestsPerSecond });
    this.#handlers = new HandlerClients({ client: this.#client, kubeconfig, folder, qps: requestsPerSecond });
    this.#images = new ImageStore({
      folder: options.imageFolder ?? join(this.#cacheFolder, 'node-images'),
      insecureRegistries: options.insecureRegistries ?? [],
      failure: (reference) => this.faults.pullFailure(reference),
    });
    const follow = { client: this.#client, logger };
    const [only, ...others] = this.#nodes.keys();
    const selector = others.length === 0 ? { fieldSelector: `spec.nodeName=${only}` } : {};
    this.#pods = new Reflector({ ...follow, resource: resources.pods, ...selector });
    this.#vmis = new Reflector({ ...follow, resource: resources.virtualMachineInstances });
    this.#services = new Reflector({ ...follow, resource: resources.services });
    this.#slices = new Reflector({ ...follow, resource: resources.endpointSlices });
    this.#pods.cache.addIndex('guest', (pod) => [guestOfPod(pod)?.uid ?? '']);
    this.#addresses = new PodAddresses(this.#loopbackOf);
    this.#ordinaryPods = this.#makeOrdinaryPods();
    this.#podController = this.#makePodController();
    const guestController = this.#makeGuestController();
    this.#podQueue = this.#queue('pods', (key, signal) => this.#podController.reconcile(key, signal));
    this.#guestQueue = this.#queue('guests', (key, signal) => guestController.reconcile(key, signal));
    this.#watch();
  }

  get proxy(): string {
    return this.#httpProxy?.url ?? '';
  }

  async start(): Promise<void> {
    const { signal } = this.#ended;
    this.#kubelet = await startKubeletServer({
      findLog: (pod, container) => this.#findLog(pod, container),
      certificate: this.#options.servingCertificate,
    });
    this.#httpProxy = await startHttpProxy({
      loopbackOf: this.#loopbackOf,
      socketPath: this.#options.egressSocket,
      clusterAddress: (host) => serviceAddress(host, this.#services.cache),
      ...(this.#options.proxyPort !== undefined && { port: this.#options.proxyPort }),
    });
    this.#work.push(...[this.#pods, this.#vmis, this.#services, this.#slices].map((each) => each.start(signal)));
    if (this.#options.serviceProxy !== false) this.#startServiceProxy();
    if (this.#options.provisioner !== false) {
      const folder = join(this.#options.folder, volumesFolder);
      const provisioner = new FolderProvisioner({ client: this.#client, folder, logger: this.#logger });
      this.#work.push(provisioner.start(signal));
    }
    const kubelet = { port: this.#kubelet.port, version: kubernetesVersion(await readGoModule()) };
    const heartbeat = new Heartbeat({ client: this.#client, logger: this.#logger, kubelet });
    this.#heartbeat = heartbeat;
    for (const node of this.#nodes.values()) await heartbeat.register(node);
    for (const node of this.#nodes.values()) this.#work.push(heartbeat.run(node, signal));
    this.#renewTokens();
    this.#work.push(this.#podQueue.start(signal), this.#guestQueue.start(signal));
  }

  guests(): GuestDescription[] {
    return this.#guests.all().map(({ reference, nodeName, podAddress, guest, folder }) => ({
      namespace: reference.namespace ?? '',
      name: reference.name,
      node: nodeName,
      podAddress,
      state: !guest ? 'starting' : guest.outcome ? 'ended' : 'running',
      ...(folder !== undefined && { serialLog: join(folder, guestFiles.serialLog) }),
    }));
  }

  crashGuest(reference: ObjectReference): void {
    const entry = this.#guests.running(reference);
    if (!entry?.guest) throw new NodeAgentError('not-found', `No guest ${keyOf(reference)} runs here.`);
    entry.guest.crash();
  }

  loseNode(name: string): void {
    this.#node(name).lost = true;
    this.#podController.forgetNode(name);
    for (const entry of this.#guests.all()) if (entry.nodeName === name) this.#drop(entry.uid);
  }

  async recoverNode(name: string): Promise<void> {
    const node = this.#node(name);
    node.lost = false;
    await this.#heartbeat?.register(node);
    for (const pod of this.#pods.cache.list()) {
      if (pod.spec?.nodeName === name) this.#podQueue.enqueue(keyOf(pod.metadata));
    }
    for (const { metadata } of this.#vmis.cache.list()) this.#guestQueue.enqueue(keyOf(metadata));
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#ended.abort();
    this.#podController.stop();
    this.#serviceProxy?.close();
    await this.#killGuests();
    await Promise.all([this.#ordinaryPods.stop(), ...this.#work, this.#kubelet?.close(), this.#httpProxy?.close()]);
    // Those whose start was under way.
    await this.#killGuests();
    await Promise.all([this.#handlers.close(), this.#client.close()]);
  }

  async #killGuests(): Promise<void> {
    const guests = this.#guests.all().flatMap(({ guest }) => guest ?? []);
    for (const guest of guests) guest.kill();
    await Promise.all(guests.map((guest) => guest.ended));
  }

  #makePodController(): PodController {
    const { pullBackOffSeconds } = this.#options;
    return new PodController({
      ...this.#common(),
      client: this.#client,
      pods: this.#pods.cache,
      images: this.#images,
      addresses: this.#addresses,
      ordinary: this.#ordinaryPods,
      loopbackOf: this.#loopbackOf,
      enqueue: (key) => this.#podQueue.enqueue(key),
      onGone: (uid) => this.#drop(uid),
      ...(pullBackOffSeconds !== undefined && { pullBackOffSeconds }),
    });
  }

  #makeOrdinaryPods(): ContainerPods {
    const { kubeconfig, folder, insecureRegistries = [] } = this.#options;
    const apiServer = apiServerOf(kubeconfig);
    const local = [apiServer.port, ...insecureRegistries.map((host) => host.split(':')[1])];
    const { events, logger, clock } = this.#common();
    return new ContainerPods({
      ...{ events, logger, clock, apiServer },
      client: this.#client,
      images: this.#images,
      addresses: this.#addresses,
      loopbackOf: this.#loopbackOf,
      folder: join(folder, podsFolder),
      hostPorts: () => [...local, new URL(this.proxy).port].map(Number).filter((port) => port > 0),
      enqueue: (key) => this.#podQueue.enqueue(key),
    });
  }

  #makeGuestController(): GuestController {
    return new GuestController({
      ...this.#common(),
      handlerClient: (node) => this.#handlers.for(node),
      launcherAddress: (uid) => this.#podController.addressOf(uid),
      onChange: ({ uid, reference }) => {
        this.#guestQueue.enqueue(keyOf(reference));
        for (const key of this.#podKeysOf(uid)) this.#podQueue.enqueue(key);
      },
      sources: () => this.#sources(),
      folder: join(this.#options.folder, guestsFolder),
    });
  }

  #common() {
    const events = new EventRecorder({
      client: this.#client,
      controller: 'osvapp.dev/node-agent',
      instance: 'node-agent',
      logger: this.#logger,
    });
    const { faults } = this;
    const [vmis, nodes, guests] = [this.#vmis.cache, this.#nodes, this.#guests];
    return { vmis, nodes, guests, faults, events, logger: this.#logger, clock: systemClock };
  }

  #queue(name: 'pods' | 'guests', reconcile: ControllerOptions['reconcile']): Controller {
    const pretend = [...this.#nodes.values()].every((node) => node.pretend);
    const atOnce = pretend ? concurrency.pretend : concurrency[name];
    return new Controller({ name, reconcile, concurrency: atOnce, logger: this.#logger });
  }

  /** A pod and its VMI each look again when the other has changed. */
  #watch(): void {
    const guestKey = (pod: Readonly<Pod>) => {
      const guest = guestOfPod(pod);
      return guest ? [keyOf(guest)] : [];
    };
    this.#podQueue.watch(this.#pods.cache, ({ object }) => [keyOf(object.metadata)]);
    this.#podQueue.watch(this.#vmis.cache, ({ object }) => this.#podKeysOf(object.metadata.uid ?? ''));
    this.#guestQueue.watch(this.#vmis.cache, ({ object }) => [keyOf(object.metadata)]);
    this.#guestQueue.watch(this.#pods.cache, ({ object }) => guestKey(object));
  }

  #podKeysOf(vmiUid: string): string[] {
    return this.#pods.cache.byIndex('guest', vmiUid).map(({ metadata }) => keyOf(metadata));
  }

  #startServiceProxy(): void {
    const [services, slices] = [this.#services.cache, this.#slices.cache];
    const proxy = new ServiceProxy({ services, slices, loopbackOf: this.#loopbackOf, logger: this.#logger });
    this.#serviceProxy = proxy;
    const reconcile = async (key: string) => proxy.reconcile(key);
    const queue = new Controller({ name: 'services', reconcile, logger: this.#logger });
    queue.watch(services, ({ object }) => [keyOf(object.metadata)]);
    queue.watch(slices, ({ object, old }) => ServiceProxy.servicesOf(object, old));
    this.#work.push(queue.start(this.#ended.signal));
  }

  #renewTokens(): void {
    const renew = () => {
      for (const node of this.#nodes.values()) {
        this.#handlers
          .renew(node)
          .catch((err) => this.#logger.warn({ err, node: node.name }, 'A token cannot be renewed'));
      }
    };
    const timer = setInterval(renew, tokenRenewMilliseconds);
    this.#ended.signal.addEventListener('abort', () => clearInterval(timer));
  }

  /** The probe of the accelerator takes a while, so it waits for the first guest. */
  async #sources(): Promise<GuestSources> {
    this.#acceleration ??= requireProgram('qemu-system-x86_64').then((qemu) =>
      chooseAccelerator(qemu, this.#cacheFolder),
    );
    const { accelerator } = await this.#acceleration;
    return { client: this.#client, images: this.#images, loopbackOf: this.#loopbackOf, accelerator };
  }

  /** Forgets a guest; should it still run, it ends. */
  #drop(uid: string): void {
    const entry = this.#guests.get(uid);
    this.#guests.remove(uid);
    entry?.guest?.kill();
    const { folder } = entry ?? {};
    if (folder !== undefined) void entry?.guest?.ended.then(() => rm(folder, { recursive: true, force: true }));
  }

  #findLog(reference: ObjectReference, container: string): ContainerLog | undefined {
    const pod = this.#pods.cache.get(reference);
    const ordinary = this.#ordinaryPods.log(reference, container);
    if (ordinary) return ordinary;
    const entry = this.#guests.get((pod && guestOfPod(pod)?.uid) ?? '');
    if (!entry?.folder || !logContainers.includes(container)) return undefined;
    const isOpen = () => this.#guests.get(entry.uid) === entry && !entry.guest?.outcome;
    return { path: join(entry.folder, guestFiles.serialLog), isOpen };
  }

  #node(name: string): ManagedNode {
    const node = this.#nodes.get(name);
    if (!node) throw new NodeAgentError('not-found', `There is no node ${name} here.`);
    return node;
  }
}
