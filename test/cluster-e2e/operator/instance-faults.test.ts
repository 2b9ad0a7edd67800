import { type OsvApp, resources, type VirtualMachineInstance } from '@osv/operator/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { Guests } from '../support/guests.ts';
import { condition, isComplete, type OperatorUnderTest, startOperator, untilApp } from '../support/operator.ts';
import { ProgramArchives } from '../support/program-archives.ts';
import { newNamespace, sharedCluster } from '../support/shared-cluster.ts';
import { patchSpec, smallApp } from '../support/small-app.ts';
import { expectNoHotLoop, expectSound, repositoryOf, untilEvent } from '../support/soundness.ts';

let cluster: Cluster;
let namespace: string;
let archives: ProgramArchives;
let operator: OperatorUnderTest;
let guests: Guests;

const until = (sentence: string, holds: (app: OsvApp) => boolean) =>
  untilApp(cluster, namespace, 'app', sentence, holds, 120);
const ready = (count: number) =>
  until(
    `${count} are ready`,
    (app) => isComplete(app) && app.status?.readyReplicas === count && app.status.replicas === count,
  );

/** The app's instances that are there to stay. */
async function instances(): Promise<VirtualMachineInstance[]> {
  const selection = { namespace, labelSelector: 'osvapp.dev/app=app' };
  const { items } = await cluster.client.list(resources.virtualMachineInstances, selection);
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

async function running(): Promise<VirtualMachineInstance | undefined> {
  return (await instances()).find(({ status }) => status?.phase === 'Running');
}

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  guests = new Guests(cluster, namespace);
  archives = await ProgramArchives.start();
  const flags = ['--no-leader-election', '--image-repository', repositoryOf(namespace)];
  operator = await startOperator(cluster, namespace, 'operator', flags);
  await cluster.client.create(resources.osvApps, smallApp(namespace, 'app', archives, { replicas: 2 }));
  await ready(2);
});

afterAll(async () => {
  await operator?.stop();
  await archives?.stop();
});

test('an instance that somebody deletes is replaced, and counts as no crash', async () => {
  const [first] = await instances();
  const name = first?.metadata.name ?? '';
  await cluster.client.delete(resources.virtualMachineInstances, { namespace, name });
  await waitUntil('it is gone', async () => (await guests.get(name)) === undefined, { secondsMax: 60 });
  const app = await ready(2);
  expect(app.status?.backOff).toBeUndefined();
  await expectSound(cluster, namespace, 'app');
});

test('a replica set that somebody scales is brought back', async () => {
  const sets = async () => {
    const selection = { namespace, labelSelector: 'osvapp.dev/app=app' };
    return (await cluster.client.list(resources.virtualMachineInstanceReplicaSets, selection)).items;
  };
  await cluster.kubectl(['-n', namespace, 'scale', 'vmirs', '-l', 'osvapp.dev/app=app', '--replicas=4']);
  const isBack = async () => (await sets()).every(({ spec }) => spec.replicas === 2);
  await waitUntil('the set is scaled back', isBack, { secondsMax: 60 });
  const asWanted = async () => {
    const all = await instances();
    return all.length === 2 && all.every(({ status }) => status?.phase === 'Running');
  };
  await waitUntil('there are two again', asWanted, { secondsMax: 120 });
  const app = await ready(2);
  expect(app.status?.backOff).toBeUndefined();
  await expectSound(cluster, namespace, 'app');
});

test('a replica set whose template or labels somebody edits is brought back, and nothing else happens', async () => {
  const set = async () => {
    const selection = { namespace, labelSelector: 'osvapp.dev/app=app' };
    const { items } = await cluster.client.list(resources.virtualMachineInstanceReplicaSets, selection);
    expect(items).toHaveLength(1);
    return items[0];
  };
  const before = await set();
  const name = before?.metadata.name ?? '';
  const running = (await instances()).map(({ metadata }) => metadata.uid).sort();
  const domain = { memory: { guest: '96Mi' }, devices: { rng: null } };
  const template = { spec: { domain, nodeSelector: { disk: 'ssd' } }, metadata: { labels: { team: 'other' } } };
  const edit = (change: object) =>
    cluster.kubectl(['-n', namespace, 'patch', 'vmirs', name, '--type=merge', '-p', JSON.stringify(change)]);
  const contents = (one: typeof before) => {
    const spec = structuredClone(one?.spec);
    const domain = spec?.template.spec?.domain;
    // KubeVirt writes the empty structure when it first sees a set.
    if (domain && Object.keys(domain.resources ?? {}).length === 0) delete domain.resources;
    return { spec, labels: one?.metadata.labels };
  };
  const untilMended = () =>
    waitUntil(
      'the set is as it was',
      async () => {
        expect(contents(await set())).toEqual(contents(before));
        return true;
      },
      { secondsMax: 60 },
    );
  await edit({ spec: { template }, metadata: { labels: { 'app.kubernetes.io/name': 'other' } } });
  await untilMended();
  // The operator does not even see a set without this label.
  await edit({ metadata: { labels: { 'app.kubernetes.io/managed-by': 'somebody' } } });
  await untilMended();
  await untilEvent(cluster, namespace, 'app', /Warning +ReplicaSetMended .*Somebody changed/);
  expect((await instances()).map(({ metadata: { uid } }) => uid).sort()).toEqual(running);
  await ready(2);
  await expectNoHotLoop(cluster, operator.user);
});

test('a replica set that somebody deletes is made again', async () => {
  const before = (await instances()).map(({ metadata }) => metadata.uid);
  await cluster.kubectl(['-n', namespace, 'delete', 'vmirs', '-l', 'osvapp.dev/app=app', '--wait=false']);
  await waitUntil(
    'other instances run',
    async () => {
      const now = await instances();
      return now.length === 2 && now.every(({ metadata }) => !before.includes(metadata.uid));
    },
    { secondsMax: 120 },
  );
  await ready(2);
  await expectSound(cluster, namespace, 'app');
});

test('Service and NetworkPolicy that somebody deletes or edits come back', async () => {
  await cluster.kubectl(['-n', namespace, 'delete', 'service', 'app']);
  await cluster.kubectl(['-n', namespace, 'delete', 'networkpolicy', 'app']);
  for (const resource of [resources.services, resources.networkPolicies]) {
    const isThere = async () => (await cluster.client.get(resource as never, { namespace, name: 'app' })) !== undefined;
    await waitUntil(`the ${resource.kind} is back`, isThere, { secondsMax: 60 });
  }
  const edit = JSON.stringify({ spec: { selector: { 'osvapp.dev/app': 'another' } } });
  await cluster.kubectl(['-n', namespace, 'patch', 'service', 'app', '--type=merge', '-p', edit]);
  await waitUntil(
    'the Service selects the app again',
    async () =>
      (await cluster.client.get(resources.services, { namespace, name: 'app' }))?.spec?.selector?.['osvapp.dev/app'] ===
      'app',
    { secondsMax: 60 },
  );
});

test('a boot Secret that somebody deletes is back when an instance needs it', async () => {
  const name = (await cluster.client.list(resources.secrets, { namespace, labelSelector: 'osvapp.dev/app=app' })).items
    .map(({ metadata }) => metadata.name)
    .find((one) => one.endsWith('-boot'));
  if (!name) throw new Error('the app has no boot Secret');
  await cluster.client.delete(resources.secrets, { namespace, name });
  await patchSpec(cluster, namespace, 'app', { replicas: 3 });
  await ready(3);
  await patchSpec(cluster, namespace, 'app', { replicas: 1 });
  await ready(1);
  await expectSound(cluster, namespace, 'app');
});

test('a guest that crashes again and again is held back for longer and longer, and everybody can see it', async () => {
  const delays: number[] = [];
  for (let crashes = 1; crashes <= 3; crashes++) {
    const victim = await running();
    if (!victim) throw new Error('nothing runs that could crash');
    await guests.crash(victim.metadata.name);
    const app = await until(`${crashes} crashes are counted`, (one) => one.status?.backOff?.crashes === crashes);
    const { lastCrashAt = '', until: end = '' } = app.status?.backOff ?? {};
    delays.push((Date.parse(end) - Date.parse(lastCrashAt)) / 1000);
    if (crashes === 2) {
      expect(condition(app, 'Degraded')).toMatchObject({ status: 'True', reason: 'CrashLoopBackOff' });
      await untilEvent(cluster, namespace, 'app', /Warning +CrashLoopBackOff .*has ended 2 times in a row/);
    }
    if (crashes === 3) break;
    const isBack = async () => {
      const now = await running();
      return now !== undefined && now.metadata.uid !== victim.metadata.uid;
    };
    await waitUntil('it is started again', isBack, { secondsMax: 120 });
    const begun = Date.parse((await running())?.metadata.creationTimestamp ?? '');
    // Times of objects are whole seconds.
    if (crashes > 1) expect(begun).toBeGreaterThanOrEqual(Date.parse(end) - 1000);
  }
  expect(delays).toEqual([0, 10, 20]);
  await expectNoHotLoop(cluster, operator.user);
  const { status } = await ready(1);
  expect(status?.instances).toMatchObject([{ restarts: 3, lastTermination: { reason: 'Failed' } }]);
  await expectSound(cluster, namespace, 'app');
});
