import { type Pod, resources } from '@osv/operator/kubernetes';
import { EventRecorder, Reflector, silentLogger } from '@osv/operator/reconcile-runtime';
import { FakeClock, settle } from '@osv/operator/testing/fake-clock.ts';
import { MemoryClient } from '@osv/operator/testing/memory-client.ts';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { ContainerPods } from '../containers/container-pods.ts';
import { Faults } from '../control/faults.ts';
import { GuestTable } from '../guests/guest-table.ts';
import { ImageStore } from '../images/image-store.ts';
import { PretendGuest } from '../machine/guest.ts';
import { loopbackMapping } from '../network/loopback.ts';
import { PodAddresses } from '../network/pod-addresses.ts';
import { type ManagedNode, managedNode } from '../node/managed-node.ts';
import { guestOfPod } from './launcher.ts';
import { PodController } from './pod-controller.ts';

const reference = { namespace: 'shop', name: 'virt-launcher-redis' };
const key = 'shop/virt-launcher-redis';
const guestUid = 'the-guest';
const launcher: Pod = {
  metadata: {
    ...reference,
    labels: { 'kubevirt.io': 'virt-launcher' },
    ownerReferences: [{ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachineInstance', name: 'redis', uid: guestUid }],
  },
  spec: { nodeName: 'node-1', containers: [{ name: 'compute', image: 'launcher' }] },
};

/** Notes what it is asked. */
class ObservedGuest extends PretendGuest {
  readonly asked: string[] = [];
  override stop(): void {
    this.asked.push('stop');
  }
  override kill(): void {
    this.asked.push('kill');
  }
}

let clock: FakeClock;
let client: MemoryClient;
let node: ManagedNode;
let guests: GuestTable;
let addresses: PodAddresses;
let gone: string[];
let controller: PodController;

beforeEach(async () => {
  clock = new FakeClock();
  client = new MemoryClient({ now: () => clock.now() });
  node = managedNode({ name: 'node-1', pretend: true });
  guests = new GuestTable();
  gone = [];
  const stop = new AbortController();
  const follow = { client, logger: silentLogger, clock };
  const pods = new Reflector({ ...follow, resource: resources.pods });
  const vmis = new Reflector({ ...follow, resource: resources.virtualMachineInstances });
  pods.cache.addIndex('guest', (pod) => [guestOfPod(pod)?.uid ?? '']);
  const watches = [pods.start(stop.signal), vmis.start(stop.signal)];
  onTestFinished(async () => {
    stop.abort();
    await Promise.all(watches);
  });
  await Promise.all([pods.cache.synced(), vmis.cache.synced()]);
  const loopbackOf = loopbackMapping();
  addresses = new PodAddresses(loopbackOf);
  const common = {
    ...{ client, loopbackOf, addresses, clock, logger: silentLogger, enqueue: () => {} },
    images: new ImageStore({ folder: '/nonexistent', insecureRegistries: [], failure: () => undefined }),
    events: new EventRecorder({ client, controller: 'test', instance: 'test', logger: silentLogger, clock }),
  };
  const apiServer = { host: '127.0.0.1', port: '6443' };
  controller = new PodController({
    ...common,
    pods: pods.cache,
    vmis: vmis.cache,
    nodes: new Map([[node.name, node]]),
    guests,
    faults: new Faults(),
    ordinary: new ContainerPods({ ...common, folder: '/nonexistent', apiServer, hostPorts: () => [] }),
    onGone: (uid) => gone.push(uid),
  });
});

async function reconcile() {
  await settle();
  const outcome = await controller.reconcile(key, new AbortController().signal);
  await settle();
  return outcome;
}

async function runs(): Promise<ObservedGuest> {
  await client.create(resources.pods, launcher);
  await reconcile();
  const guest = new ObservedGuest();
  const podAddress = (await client.get(resources.pods, reference))?.status?.podIP ?? '';
  const place = { nodeName: node.name, podAddress, macAddress: undefined, folder: undefined };
  guests.add({ uid: guestUid, reference: { namespace: 'shop', name: 'redis' }, ...place, guest });
  return guest;
}

test('what a guest left goes with its pod, also when the pod had ended and is removed without a word', async () => {
  const guest = await runs();
  guest.crash();
  await reconcile();
  await reconcile();
  expect((await client.get(resources.pods, reference))?.status?.phase).toBe('Failed');
  expect(gone).toEqual([]);
  await client.delete(resources.pods, reference, { gracePeriodSeconds: 0 });
  await reconcile();
  expect(gone).toEqual([guestUid]);
});

test('a pod that has ended gives its address back, once', async () => {
  const guest = await runs();
  const address = (await client.get(resources.pods, reference))?.status?.podIP ?? '';
  guest.crash();
  await reconcile();
  await reconcile();
  const other = addresses.reserve(address);
  await reconcile();
  await client.delete(resources.pods, reference);
  await reconcile();
  const next = await addresses.lease(`${address}/30`, false);
  expect(next.address).not.toBe(address);
  other.release();
});

test('a guest is asked to stop, and ended when the grace period of its pod is over', async () => {
  const guest = await runs();
  const deletionTimestamp = new Date(clock.now() + 45_000).toISOString();
  // A store without kubelets removes what nobody holds.
  await client.mergePatch(resources.pods, reference, { metadata: { deletionTimestamp, finalizers: ['test'] } });
  expect(await reconcile()).toEqual({ requeueAfterSeconds: 45 });
  expect(guest.asked).toEqual(['stop']);
  await clock.advance(45_000);
  expect(await reconcile()).toBeUndefined();
  expect(guest.asked).toEqual(['stop', 'kill']);
});

test('a node that is lost while a pod is being started has not started it', async () => {
  await client.create(resources.pods, launcher);
  await settle();
  const started = controller.reconcile(key, new AbortController().signal);
  node.lost = true;
  await started;
  expect(controller.addressOf(guestUid)).toBeUndefined();
  expect((await client.get(resources.pods, reference))?.status).toBeUndefined();
});
