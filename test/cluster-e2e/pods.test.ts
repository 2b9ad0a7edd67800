import { type Pod, resources } from '@osv/operator/kubernetes';
import { beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import { waitUntil } from '../cluster/processes/wait-until.ts';
import { newNamespace, sharedCluster } from './support/shared-cluster.ts';
import { pushShellImage } from './support/shell-image.ts';

type PodSpec = NonNullable<Pod['spec']>;

let cluster: Cluster;
let namespace: string;
let image: string;

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  image = await pushShellImage(cluster);
});

const kubectl = (...words: string[]) => cluster.kubectl(['-n', namespace, ...words]);

async function create(name: string, script: string, container: object = {}, spec: Partial<PodSpec> = {}) {
  const containers = [{ name: 'main', image, args: [script], ...container }];
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers, ...spec } };
  await cluster.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(pod) });
}

async function until(name: string, sentence: string, holds: (status: NonNullable<Pod['status']>) => boolean) {
  let status: Pod['status'];
  await waitUntil(
    `${name}: ${sentence}`,
    async () => {
      status = (await cluster.client.get(resources.pods, { namespace, name }))?.status;
      return status !== undefined && holds(status);
    },
    { secondsMax: 90, pauseMilliseconds: 100 },
  );
  return status?.containerStatuses?.[0];
}

test('a Job runs in an image of its own, with what Kubernetes gives to its pod', async () => {
  await kubectl('create', 'configmap', 'settings', '--from-literal=colour=green');
  const script = [
    'echo $WHO $FROM_IMAGE $(cat /etc/settings/colour) $(cat /proc/self/cmdline | cat)',
    'ls /var/run/secrets/kubernetes.io/serviceaccount',
    'echo x > /forbidden || echo read-only',
    'echo x > /scratch/file && cat /scratch/file',
    'echo done > /dev/termination-log',
  ].join('\n');
  const container = {
    name: 'main',
    image,
    args: [script],
    env: [{ name: 'WHO', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }],
    securityContext: { readOnlyRootFilesystem: true, runAsNonRoot: true, runAsUser: 1234 },
    volumeMounts: [
      { name: 'settings', mountPath: '/etc/settings' },
      { name: 'scratch', mountPath: '/scratch' },
    ],
  };
  const volumes = [
    { name: 'settings', configMap: { name: 'settings' } },
    { name: 'scratch', emptyDir: {} },
  ];
  const template = { spec: { restartPolicy: 'Never', containers: [container], volumes } };
  const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'job' }, spec: { template } };
  await cluster.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(job) });
  await kubectl('wait', '--for=condition=Complete', 'job/job', '--timeout=120s');
  const said = await kubectl('logs', 'job/job');
  expect(said).toContain(`${namespace} yes green`);
  expect(said).toContain('ca.crt\nnamespace\ntoken\n');
  expect(said).toContain('read-only\nx\n');
  const path = 'jsonpath={.items[0].status.containerStatuses[0].state.terminated.message}';
  expect(await kubectl('get', 'pods', '-l', 'job-name=job', '-o', path)).toBe('done\n');
});

test('a pod that fails says with which code, and its last words', async () => {
  const container = { terminationMessagePolicy: 'FallbackToLogsOnError' };
  await create('fails', 'echo it is broken; exit 3', container, { restartPolicy: 'Never' });
  const main = await until('fails', 'has failed', ({ phase }) => phase === 'Failed');
  expect(main?.state?.terminated).toMatchObject({ exitCode: 3, reason: 'Error', message: 'it is broken\n' });
});

test('a container that fails starts again, at once and then later each time', async () => {
  await create('crashes', 'exit 1', {}, { restartPolicy: 'OnFailure' });
  const waiting = ({ containerStatuses }: NonNullable<Pod['status']>) =>
    containerStatuses?.[0]?.state?.waiting?.reason === 'CrashLoopBackOff';
  const held = await until('crashes', 'waits', waiting);
  expect(held).toMatchObject({
    restartCount: 1,
    state: { waiting: { message: expect.stringContaining('back-off 10s') } },
  });
  const main = await until(
    'crashes',
    'has started again',
    (status) => status.containerStatuses?.[0]?.restartCount === 2,
  );
  expect(main?.lastState?.terminated?.exitCode).toBe(1);
  await kubectl('delete', 'pod', 'crashes', '--timeout=60s');
});

test('init containers come first, and one that fails keeps the others from starting', async () => {
  const init = (script: string) => [{ name: 'first', image, args: [script], volumeMounts: shared }];
  const shared = [{ name: 'shared', mountPath: '/shared' }];
  const spec = { restartPolicy: 'Never', volumes: [{ name: 'shared', emptyDir: {} }] };
  await create(
    'ordered',
    'cat /shared/word',
    { volumeMounts: shared },
    { ...spec, initContainers: init('echo hello > /shared/word') },
  );
  await create('blocked', 'cat /shared/word', { volumeMounts: shared }, { ...spec, initContainers: init('exit 9') });
  await until('ordered', 'has succeeded', ({ phase }) => phase === 'Succeeded');
  expect(await kubectl('logs', 'ordered')).toBe('hello\n');
  const main = await until('blocked', 'has failed', ({ phase }) => phase === 'Failed');
  expect(main?.state?.waiting).toBeDefined();
});

test('a pod is asked to end, and ends within its grace period', async () => {
  await create('polite', 'trap "exit 0" TERM; echo ready; while :; do sleep 0.1; done');
  await until('polite', 'runs', ({ phase }) => phase === 'Running');
  await waitUntil('it is ready', async () => (await kubectl('logs', 'polite')) === 'ready\n', { secondsMax: 30 });
  await kubectl('delete', 'pod', 'polite', '--timeout=20s');
  // Process 1 without a handler hears no SIGTERM.
  await create('deaf', 'while :; do sleep 1; done', {}, { terminationGracePeriodSeconds: 1 });
  await until('deaf', 'runs', ({ phase }) => phase === 'Running');
  await kubectl('delete', 'pod', 'deaf', '--timeout=20s');
});

test('an image that is not there and a user who must not be are told', async () => {
  await create('absent', '', { image: `${cluster.registry.host}/test/absent:latest` });
  await create('root', '', { securityContext: { runAsNonRoot: true } });
  const reason = ({ containerStatuses }: NonNullable<Pod['status']>) => containerStatuses?.[0]?.state?.waiting?.reason;
  await until('absent', 'cannot be pulled', (status) => /ErrImagePull|ImagePullBackOff/.test(reason(status) ?? ''));
  const main = await until('root', 'is refused', (status) => reason(status) === 'CreateContainerError');
  expect(main?.state?.waiting?.message).toContain('image will run as root');
  await kubectl('delete', 'pod', 'absent', 'root', '--timeout=30s');
});
