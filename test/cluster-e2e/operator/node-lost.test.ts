import { type OsvApp, resources, type VirtualMachineInstance } from '@osv/operator/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { type OwnedCluster, startCluster } from '../../cluster/start.ts';
import { condition, isComplete, type OperatorUnderTest, startOperator, untilApp } from '../support/operator.ts';
import { ProgramArchives } from '../support/program-archives.ts';
import { newNamespace } from '../support/shared-cluster.ts';
import { smallApp } from '../support/small-app.ts';
import { expectNoHotLoop, expectSound, repositoryOf } from '../support/soundness.ts';

const secondsMax = 180;

let cluster: OwnedCluster;
let namespace: string;
let archives: ProgramArchives;
let operator: OperatorUnderTest;
/** What ran on the node that is lost. */
let lost: { node: string; instance: VirtualMachineInstance };

/** A cluster of its own, with nodes to lose, that gives them up sooner than after five minutes. */
beforeAll(async () => {
  cluster = await startCluster({
    kubevirt: process.env.KUBEVIRT_BIN_DIR ? 'real' : 'double',
    nodes: { names: ['node-1', 'node-2'] },
    flags: {
      'api-server': ['--default-not-ready-toleration-seconds=5', '--default-unreachable-toleration-seconds=5'],
      'controller-manager': ['--node-monitor-grace-period=25s'],
    },
  });
  namespace = await newNamespace(cluster);
  archives = await ProgramArchives.start();
  const flags = ['--no-leader-election', '--image-repository', repositoryOf(namespace)];
  operator = await startOperator(cluster, namespace, 'operator', flags);
  await cluster.client.create(resources.osvApps, smallApp(namespace, 'app', archives));
  await until('the app runs', isComplete);
});

afterAll(async () => {
  await operator?.stop();
  await archives?.stop();
  await cluster?.stop();
});

function until(sentence: string, holds: (app: OsvApp) => boolean): Promise<OsvApp> {
  return untilApp(cluster, namespace, 'app', sentence, holds, secondsMax);
}

async function instances(): Promise<VirtualMachineInstance[]> {
  const selection = { namespace, labelSelector: 'osvapp.dev/app=app' };
  return (await cluster.client.list(resources.virtualMachineInstances, selection)).items;
}

async function turn(node: string, verb: 'lose' | 'recover'): Promise<void> {
  const answer = await fetch(`${cluster.nodeControl}/nodes/${node}/${verb}`, { method: 'POST' });
  if (!answer.ok) throw new Error(await answer.text());
}

test('an app whose node is lost is unavailable until another node runs it, and has not crashed', async () => {
  const [instance] = await instances();
  if (!instance?.status?.nodeName) throw new Error('the instance has no node');
  lost = { node: instance.status.nodeName, instance };
  await turn(lost.node, 'lose');
  await until('the app is unavailable', (app) => condition(app, 'Available')?.status === 'False');
  const app = await until('the app is available again', (one) => condition(one, 'Available')?.status === 'True');
  const successors = (await instances()).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  expect(successors).toHaveLength(1);
  expect(successors[0]?.status?.nodeName).not.toBe(lost.node);
  expect(app.status?.backOff).toBeUndefined();
  expect(condition(app, 'Degraded')).toMatchObject({ status: 'False' });
  await expectNoHotLoop(cluster, operator.user);
});

test('nothing is left of the lost instance when its node is back', async () => {
  await turn(lost.node, 'recover');
  const isGone = async () => (await instances()).every(({ metadata }) => metadata.uid !== lost.instance.metadata.uid);
  await waitUntil('the lost instance is gone', isGone, { secondsMax });
  const onlyOne = async () => {
    const selection = { namespace, labelSelector: 'osvapp.dev/app=app' };
    return (await cluster.client.list(resources.pods, selection)).items.length === 1;
  };
  await waitUntil('there is one launcher pod', onlyOne, { secondsMax });
  const app = await until('the app runs', isComplete);
  expect(app.status).toMatchObject({ replicas: 1, readyReplicas: 1 });
  expect(app.status?.backOff).toBeUndefined();
  await expectSound(cluster, namespace, 'app');
});
