import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { connect } from 'node:net';
import { resources } from '@osv/operator/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import { waitUntil } from '../cluster/processes/wait-until.ts';
import { startCluster } from '../cluster/start.ts';
import { type GuestImage, pushGuestImage } from './support/guest-image.ts';
import { Guests } from './support/guests.ts';
import { newNamespace } from './support/shared-cluster.ts';

/** These tests end the node, so they have a cluster of their own, on the half of KubeVirt that there is. */
const kubevirt = process.env.KUBEVIRT_BIN_DIR ? 'real' : 'double';
/** The generated type does not know the port. */
const tcpSocket = { port: 7000 } as object;

let cluster: Cluster;
let namespace: string;
let image: GuestImage;
let guests: Guests;

beforeAll(async () => {
  cluster = await startCluster({ kubevirt, progress: (line) => console.error(`cluster: ${line}`) });
  namespace = await newNamespace(cluster);
  image = await pushGuestImage(cluster);
  guests = new Guests(cluster, namespace);
});

afterAll(() => cluster?.stop());

/** What comes back for some text. */
function echo(host: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: 7000 }, () => socket.write(text));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`${host} closed the connection`)));
  });
}

test('a guest boots, gets ready, answers through its Service, and shows its output and metrics', async () => {
  await guests.create({ name: 'first', image, readinessProbe: { tcpSocket, periodSeconds: 1 } });
  const service = await cluster.client.create(resources.services, {
    metadata: { name: 'first', namespace },
    spec: { selector: { guest: 'first' }, ports: [{ port: 7000 }] },
  });
  const address = service.spec?.clusterIP ?? '';
  await guests.untilReady('first');
  await waitUntil('the Service answers', async () => (await echo(address, 'hello')) === 'hello', { secondsMax: 60 });
  const vmi = await guests.get('first');
  const pod = await guests.pod('first');
  expect(vmi?.status).toMatchObject({ phase: 'Running', interfaces: [{ ipAddress: pod?.status?.podIP }] });
  const logs = await cluster.kubectl(['-n', namespace, 'logs', pod?.metadata.name ?? '', '-c', 'compute']);
  expect(logs).toContain('listening');
  expect(await throughProxy(`http://${pod?.status?.podIP}:9180/metrics`)).toContain('osv_');
});

/** A GET of an address of the cluster. */
function throughProxy(url: string): Promise<string> {
  const { hostname, port } = new URL(cluster.proxy ?? '');
  return new Promise((resolve, reject) => {
    get({ hostname, port, path: url }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      answer.once('end', () => resolve(text));
    }).once('error', reject);
  });
}

test('ConfigMaps, Secrets and cloud-init become disks, as they are when the guest starts', async () => {
  await cluster.kubectl(['-n', namespace, 'create', 'configmap', 'settings', '--from-literal=color=green']);
  await cluster.kubectl(['-n', namespace, 'create', 'secret', 'generic', 'password', '--from-literal=word=mellon']);
  await guests.create({
    name: 'files',
    image,
    arguments: ['/settings/color', '/password/word', '/init/meta-data', '/init/user-data'],
    volumes: [
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'password', secret: { secretName: 'password' } },
      { name: 'init', cloudInitNoCloud: { userData: '#cloud-config' } },
    ],
  });
  const listens = async () => (await guests.serialLog('files')).includes('listening');
  await waitUntil('the guest has read its files', listens, { secondsMax: 120 });
  const log = await guests.serialLog('files');
  expect(log).toContain('/settings/color: green');
  expect(log).toContain('/password/word: mellon');
  expect(log).toContain(`"local-hostname":"files"`);
  expect(log).toContain('/init/user-data: #cloud-config');
  await guests.delete('files');
  await guests.untilGone('files');
});

test('a deleted guest gets SIGTERM by the power button and has succeeded; a stubborn one is switched off', async () => {
  await guests.create({ name: 'polite', image });
  await guests.create({ name: 'stubborn', image, arguments: ['stubborn'], gracePeriodSeconds: 3 });
  const end = async (name: string) => {
    const listens = async () => (await guests.serialLog(name)).includes('listening');
    await waitUntil(`${name} listens`, listens, { secondsMax: 120 });
    await guests.delete(name);
    await guests.untilGone(name);
  };
  await Promise.all([end('polite'), end('stubborn')]);
  const events = await cluster.kubectl(['-n', namespace, 'get', 'events.v1.events.k8s.io', '-o', 'json']);
  const notes = JSON.parse(events).items.map(
    ({ regarding, note }: never) => `${(regarding as { name: string }).name}: ${note}`,
  );
  expect(notes).toContain('polite: The guest switched itself off.');
  expect(notes).toContain('stubborn: The guest did not stop within 3 s and was switched off.');
});

test('a guest whose QEMU crashes has failed, and its pod with it', async () => {
  await guests.create({ name: 'crashing', image });
  await guests.untilPhase('crashing', 'Running');
  await guests.crash('crashing');
  await guests.untilPhase('crashing', 'Failed');
  const ended = async () => ['Failed', undefined].includes((await guests.pod('crashing'))?.status?.phase);
  await waitUntil('the pod has ended', ended, { secondsMax: 60 });
});

test('a guest that is no longer alive by its probe is ended', async () => {
  const livenessProbe = { tcpSocket: { port: 7001 } as object, periodSeconds: 1, failureThreshold: 2 };
  await guests.create({ name: 'lifeless', image, livenessProbe });
  await guests.untilPhase('lifeless', 'Succeeded', 'Failed');
});

test('an image that cannot be pulled is said, and pulled when it can be', async () => {
  await guests.faults({ pullsFail: 'test/guest' });
  await guests.create({ name: 'pulled', image });
  const reasons = async () =>
    (await guests.pod('pulled'))?.status?.initContainerStatuses?.map(({ state }) => state?.waiting?.reason);
  const refused = async () => (await reasons())?.some((reason) => reason === 'ErrImagePull') ?? false;
  await waitUntil('the pull has failed', refused, { secondsMax: 60 });
  await guests.faults({ pullsFail: null });
  await guests.untilPhase('pulled', 'Running');
});

test('after kill -9 of the node agent no QEMU is left, and its guests have failed', async () => {
  await guests.create({ name: 'orphan', image });
  await guests.untilPhase('orphan', 'Running');
  expect(machines()).not.toEqual([]);
  const agent = cluster.processes['node-agent'];
  await agent?.stop('SIGKILL');
  await waitUntil('no QEMU is left', async () => machines().length === 0, { secondsMax: 20 });
  await agent?.start();
  await guests.untilPhase('orphan', 'Failed');
});

/** QEMU processes of this test's namespace. */
function machines(): string[] {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(`guest=${namespace}_`);
    } catch {
      return false;
    }
  });
}
