import { resources } from '@osv/operator/kubernetes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../../cluster/cluster.ts';
import { waitUntil } from '../../cluster/processes/wait-until.ts';
import { isComplete, type OperatorUnderTest, startOperator, untilApp } from '../support/operator.ts';
import { ProgramArchives } from '../support/program-archives.ts';
import { newNamespace, sharedCluster } from '../support/shared-cluster.ts';
import { smallApp } from '../support/small-app.ts';

/** autoscaling/v2, as far as this test looks into it. */
interface Autoscaler {
  readonly status?: {
    readonly currentReplicas?: number;
    readonly conditions?: { type: string; status: string; reason: string; message: string }[];
  };
}

let cluster: Cluster;
let namespace: string;
let operator: OperatorUnderTest;
let archives: ProgramArchives;

const kubectl = (...words: string[]) => cluster.kubectl(['-n', namespace, ...words]);
const autoscaler = async (): Promise<Autoscaler> => JSON.parse(await kubectl('get', 'hpa', 'web', '-o', 'json'));
const conditionOf = ({ status }: Autoscaler, type: string) => status?.conditions?.find((one) => one.type === type);

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  archives = await ProgramArchives.start();
  operator = await startOperator(cluster, namespace, 'operator', ['--no-leader-election']);
  await cluster.client.create(resources.osvApps, smallApp(namespace, 'web', archives, { replicas: undefined }));
  await untilApp(cluster, namespace, 'web', 'one instance runs', isComplete);
});

afterAll(async () => {
  await operator?.stop();
  await archives?.stop();
});

test('the scale subresource has replicas and a selector that finds the pods', async () => {
  const path = `/apis/osvapp.dev/v1alpha1/namespaces/${namespace}/osvapps/web/scale`;
  const scale = JSON.parse(await kubectl('get', '--raw', path));
  expect(scale).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 1, selector: 'osvapp.dev/app=web' } });
  const pods = await kubectl('get', 'pods', '-l', scale.status.selector, '-o', 'name');
  expect(pods.trim().split('\n')).toHaveLength(1);
});

test('an autoscaler made by kubectl brings the app to its minimum', async () => {
  await kubectl('autoscale', 'osvapp/web', '--min=2', '--max=3', '--cpu=80%');
  const app = await untilApp(
    cluster,
    namespace,
    'web',
    'two instances run',
    (one) => one.spec.replicas === 2 && one.status?.readyReplicas === 2 && isComplete(one),
  );
  expect(app.spec.replicas).toBe(2);
});

test('it finds the replicas, and says that there are no metrics to scale by', async () => {
  const sees = async () => (await autoscaler()).status?.currentReplicas === 2;
  await waitUntil('the autoscaler sees two replicas', sees, { secondsMax: 120 });
  const scaling = async () => conditionOf(await autoscaler(), 'ScalingActive')?.reason === 'FailedGetResourceMetric';
  await waitUntil('it asked for metrics', scaling, { secondsMax: 120 });
  expect(conditionOf(await autoscaler(), 'AbleToScale')).toMatchObject({ status: 'True' });
});
