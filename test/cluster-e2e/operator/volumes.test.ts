import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type OsvApp, resources, type VirtualMachineInstance } from '@osv/operator/kubernetes';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { type NodeAgent, startNodeAgent } from '../../cluster/node-agent/agent.ts';
import { persistentVolumes } from '../../cluster/node-agent/storage/volumes.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { condition, isComplete, type OperatorUnderTest, startOperator, untilApp } from '../support/operator.ts';
import { ProgramArchives } from '../support/program-archives.ts';
import { newNamespace, sharedCluster } from '../support/shared-cluster.ts';
import { patchSpec, smallApp } from '../support/small-app.ts';
import { expectNoHotLoop, repositoryOf, untilNothingLeft } from '../support/soundness.ts';

const run = promisify(execFile);
const name = 'store';
const nodeLabels = { 'osvapp.dev/test': 'volumes' };
const nodeNames = ['volumes-1', 'volumes-2'];
const secondsMax = 120;
const volumes = [{ name: 'data', mountPath: '/data', size: '64Mi' }];

let cluster: Cluster;
let namespace: string;
let archives: ProgramArchives;
let operator: OperatorUnderTest;
let agent: NodeAgent;

/** On nodes of its own that boot nothing: this is about what is made, in which order, and what is kept. */
beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  archives = await ProgramArchives.start();
  agent = await startNodeAgent({
    kubeconfig: cluster.kubeconfig,
    nodes: nodeNames.map((node) => ({ name: node, pretend: true, labels: nodeLabels })),
    folder: join(cluster.folder, 'node-agent-volumes'),
    serviceProxy: false,
    provisioner: false,
    logger: pino({ level: 'silent' }),
  });
  const flags = ['--no-leader-election', '--image-repository', repositoryOf(namespace)];
  operator = await startOperator(cluster, namespace, 'operator', flags);
});

afterAll(async () => {
  await operator?.stop();
  await agent?.stop();
  await archives?.stop();
  for (const node of nodeNames) await cluster?.client.delete(resources.nodes, { name: node });
});

const app = (spec: object) => {
  const scheduling = { nodeSelector: nodeLabels };
  return smallApp(namespace, name, archives, { scheduling, volumes, ...spec });
};
const until = (sentence: string, holds: (app: OsvApp) => boolean) =>
  untilApp(cluster, namespace, name, sentence, holds);
const complete = (sentence: string) => until(sentence, isComplete);

async function instances(): Promise<VirtualMachineInstance[]> {
  const { items } = await cluster.client.list(resources.virtualMachineInstances, { namespace });
  return items.sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
}

async function claims() {
  const { items } = await cluster.client.list(resources.persistentVolumeClaims, { namespace });
  return items.sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
}

const uids = (objects: readonly { metadata: { uid?: string } }[]) => objects.map(({ metadata }) => metadata.uid);

/** Milliseconds since 1970, in whole seconds. */
function made({ metadata }: VirtualMachineInstance): number {
  return Date.parse(metadata.creationTimestamp ?? '');
}

function readySince({ status }: VirtualMachineInstance): number {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready') as { lastTransitionTime?: string } | undefined;
  return Date.parse(ready?.lastTransitionTime ?? '');
}

/** That each instance was made when the one before it in the list was ready. */
function expectOneAfterTheOther(list: readonly VirtualMachineInstance[]): void {
  for (const [index, instance] of list.entries()) {
    const before = list[index - 1];
    if (before) expect(made(instance), instance.metadata.name).toBeGreaterThanOrEqual(readySince(before));
  }
}

test('instances are made in order, each with a claim that is bound and belongs to nobody', async () => {
  await cluster.client.create(resources.osvApps, app({ replicas: 3 }));
  await complete('three instances are ready');
  const running = await instances();
  expect(running.map(({ metadata }) => metadata.name)).toEqual(['store-0', 'store-1', 'store-2']);
  expectOneAfterTheOther(running);
  const made = await claims();
  expect(made.map(({ metadata, status }) => [metadata.name, status?.phase])).toEqual([
    ['store-data-0', 'Bound'],
    ['store-data-1', 'Bound'],
    ['store-data-2', 'Bound'],
  ]);
  expect(made.flatMap(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([]);
});

test('a new revision goes from the highest ordinal down, one at a time, on the same claims', async () => {
  const before = await claims();
  await patchSpec(cluster, namespace, name, { env: [{ name: 'REVISION', value: '2' }] });
  const { status } = await complete('the new revision runs');
  expect(status).toMatchObject({ replicas: 3, readyReplicas: 3, updatedReplicas: 3 });
  expectOneAfterTheOther((await instances()).reverse());
  expect(uids(await claims())).toEqual(uids(before));
});

test('osv rollout shows the revisions and goes back to the first', async () => {
  const osv = async (...words: string[]) => {
    const main = join(import.meta.dirname, '../../../cli/main.ts');
    const flags = ['--kubeconfig', cluster.kubeconfig, '-n', namespace];
    return (await run(process.execPath, [main, ...words, ...flags])).stdout;
  };
  const history = async () => JSON.parse(await osv('rollout', 'history', name, '-o', 'json')) as { current: boolean }[];
  expect((await history()).map(({ current }) => current)).toEqual([false, true]);
  await osv('rollout', 'undo', name);
  await osv('rollout', 'status', name, '--timeout', '300s');
  const { spec, status } = await complete('the first revision runs again');
  expect(spec.env).toBeUndefined();
  expect(status).toMatchObject({ replicas: 3, readyReplicas: 3, updatedReplicas: 3 });
  expect(await history()).toHaveLength(2);
});

test('a paused app keeps what runs, and still follows its number of replicas', async () => {
  const before = await instances();
  await patchSpec(cluster, namespace, name, { paused: true, args: ['stubborn'] });
  await until('it says that it is paused', (one) => condition(one, 'Progressing')?.reason === 'Paused');
  await patchSpec(cluster, namespace, name, { replicas: 2 });
  await waitUntil('the highest one is gone', async () => (await instances()).length === 2, { secondsMax });
  expect(uids(await instances())).toEqual(uids(before.slice(0, 2)));
  await patchSpec(cluster, namespace, name, { paused: false, args: null });
  await complete('it goes on');
  expect(uids(await instances())).toEqual(uids(before.slice(0, 2)));
});

test('what is scaled down leaves its claim, and finds it again', async () => {
  const before = await claims();
  expect(before).toHaveLength(3);
  await patchSpec(cluster, namespace, name, { replicas: 0 });
  await until('none is left', ({ status }) => status?.replicas === 0);
  await waitUntil('the machines are gone', async () => (await machines()).length === 0, { secondsMax });
  await patchSpec(cluster, namespace, name, { replicas: 3 });
  await complete('three instances are back');
  expect(uids(await claims())).toEqual(uids(before));
});

async function machines() {
  return (await cluster.client.list(resources.virtualMachines, { namespace })).items;
}

test('a machine that somebody deletes comes back, and a guest that ends too', async () => {
  const [first] = await machines();
  await cluster.client.delete(resources.virtualMachines, first?.metadata ?? { name: '' });
  const isOther = async () => !(await machines()).some(({ metadata }) => metadata.uid === first?.metadata.uid);
  await waitUntil('it is gone', isOther, { secondsMax });
  await complete('it is back');
  const [, second] = await instances();
  agent.crashGuest({ namespace, name: second?.metadata.name ?? '' });
  const isNew = async () => (await instances())[1]?.metadata.uid !== second?.metadata.uid;
  await waitUntil('there is another one', isNew, { secondsMax });
  const app = await complete('all are ready');
  expect(app.status?.instances?.find((one) => one.name === 'store-1')).toMatchObject({
    restarts: 1,
    lastTermination: { reason: 'Failed' },
  });
  const { spec } = (await machines()).find(({ metadata }) => metadata.name === 'store-1') ?? {};
  expect(spec?.runStrategy).toBe('Manual');
});

test('one whose node is silent has no second instance before the first is gone for certain', async () => {
  const before = (await instances())[0] as VirtualMachineInstance;
  const node = before.status?.nodeName ?? '';
  const launchers = async () => {
    const { items } = await cluster.client.list(resources.pods, { namespace });
    return items.filter(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === 'store-0'));
  };
  agent.loseNode(node);
  // It counts as ready for a while, and nothing that is scheduled there would ever start.
  await cluster.kubectl(['cordon', node]);
  // As Kubernetes does when a node has been silent for long enough; nobody there can end the pod.
  const [launcher] = await launchers();
  await cluster.client.delete(resources.pods, launcher?.metadata ?? { name: '' });
  const knows = async () => {
    const [now] = await instances();
    return now?.status?.conditions?.some(({ reason }) => reason === 'PodTerminating') ?? false;
  };
  await waitUntil('KubeVirt knows that its pod is to end', knows, { secondsMax });
  await until('the app knows it too', ({ status }) => status?.readyReplicas === 2);
  expect((await instances())[0]?.metadata.uid).toBe(before.metadata.uid);
  expect(uids(await launchers())).toEqual([launcher?.metadata.uid]);
  // As an administrator says that the node is off.
  await cluster.client.delete(resources.pods, launcher?.metadata ?? { name: '' }, { gracePeriodSeconds: 0 });
  const isElsewhere = async () => {
    const [now] = await instances();
    return now?.status?.phase === 'Running' && now.status.nodeName !== node;
  };
  await waitUntil('it runs on the other node', isElsewhere, { secondsMax });
  await agent.recoverNode(node);
  await cluster.kubectl(['uncordon', node]);
  await complete('all are ready');
});

test('an app at rest is left alone', async () => {
  await expectNoHotLoop(cluster, operator.user);
});

test('an app that has no volumes any more loses its machines, and gets them back with the volumes', async () => {
  await patchSpec(cluster, namespace, name, { volumes: null, replicas: 1 });
  await complete('it runs without');
  expect(await machines()).toEqual([]);
  await patchSpec(cluster, namespace, name, { volumes });
  await complete('it runs with them again');
  expect((await instances()).map(({ metadata }) => metadata.name)).toEqual(['store-0']);
});

test('a deleted app leaves its claims alone; their volumes go with them', async () => {
  await cluster.client.delete(resources.osvApps, { namespace, name });
  await untilNothingLeft(cluster, namespace, name);
  const left = await claims();
  expect(left).toHaveLength(3);
  const volumeNames = left.map(({ spec }) => spec?.volumeName ?? '');
  await cluster.kubectl(['-n', namespace, 'delete', 'pvc', '-l', `osvapp.dev/app=${name}`, '--timeout=60s']);
  for (const volume of volumeNames) {
    const isGone = async () => !(await cluster.client.get(persistentVolumes, { name: volume }));
    await waitUntil(`the volume ${volume} is gone`, isGone, { secondsMax });
    expect(existsSync(join(cluster.folder, 'node-agent/volumes', volume))).toBe(false);
  }
});
