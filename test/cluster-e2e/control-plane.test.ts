import { readFile } from 'node:fs/promises';
import { resources } from '@osv/operator/kubernetes';
import { beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import { kubernetesVersion, readGoModule } from '../cluster/tools/go-module.ts';
import { newNamespace, sharedCluster } from './support/shared-cluster.ts';

let cluster: Cluster;
let namespace: string;

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
});

test('kubectl, the API server and the kubelets are of the version that go.mod names', async () => {
  const version = JSON.parse(await cluster.kubectl(['version', '-o', 'json']));
  const wanted = kubernetesVersion(await readGoModule());
  expect(version.serverVersion.gitVersion).toBe(wanted);
  expect(version.clientVersion.gitVersion).toBe(wanted);
  const { items } = await cluster.client.list(resources.nodes);
  const kubelets = new Set(items.map(({ status }) => status?.nodeInfo?.kubeletVersion));
  expect([...kubelets]).toEqual([wanted]);
});

test('nobody speaks to the API server without a credential', async () => {
  const said = await cluster
    .kubectl(['--token', 'wrong', '--kubeconfig', '/dev/null', ...anonymous(), 'get', 'pods'])
    .catch((error: Error) => error.message);
  expect(said).toMatch(/Unauthorized|logged in/);
});

const anonymous = () => ['--server', cluster.server, '--insecure-skip-tls-verify'];

test('a ServiceAccount may do what a Role allows, and nothing else; the audit log says so', async () => {
  await cluster.kubectl(['-n', namespace, 'create', 'serviceaccount', 'reader']);
  await cluster.kubectl(['-n', namespace, 'create', 'role', 'reader', '--verb=get,list', '--resource=configmaps']);
  const binding = ['create', 'rolebinding', 'reader', '--role=reader', `--serviceaccount=${namespace}:reader`];
  await cluster.kubectl(['-n', namespace, ...binding]);
  const kubeconfig = await cluster.kubeconfigFor({ namespace, name: 'reader' });
  const listed = await cluster.kubectl(['-n', namespace, 'get', 'configmaps', '-o', 'name'], { kubeconfig });
  expect(listed).toContain('configmap/kube-root-ca.crt');
  await expect(cluster.kubectl(['-n', namespace, 'get', 'secrets'], { kubeconfig })).rejects.toThrow(
    /secrets is forbidden: User "system:serviceaccount:.*:reader" cannot list resource "secrets"/,
  );
  const decisions = (await auditEvents())
    .filter(({ user }) => user.username === `system:serviceaccount:${namespace}:reader`)
    .filter(({ objectRef }) => objectRef?.namespace === namespace)
    .map(({ objectRef, annotations }) => [objectRef?.resource, annotations['authorization.k8s.io/decision']]);
  expect(decisions).toContainEqual(['configmaps', 'allow']);
  expect(decisions).toContainEqual(['secrets', 'forbid']);
});

interface AuditEvent {
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource: string; readonly namespace?: string };
  readonly annotations: Readonly<Record<string, string>>;
}

async function auditEvents(): Promise<AuditEvent[]> {
  const lines = (await readFile(cluster.auditLog, 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as AuditEvent);
}

test('a user is known by its certificate, and its groups with it', async () => {
  const kubeconfig = await cluster.kubeconfigForUser({ commonName: 'kate', organizations: ['auditors'] });
  const who = JSON.parse(await cluster.kubectl(['auth', 'whoami', '-o', 'json'], { kubeconfig }));
  expect(who.status.userInfo).toMatchObject({ username: 'kate', groups: ['auditors', 'system:authenticated'] });
});

test('a Service gets a loopback address of the cluster', async () => {
  await cluster.kubectl(['-n', namespace, 'create', 'service', 'clusterip', 'web', '--tcp=80']);
  const address = await cluster.kubectl(['-n', namespace, 'get', 'service', 'web', '-o', 'jsonpath={.spec.clusterIP}']);
  expect(address.startsWith(cluster.addresses.serviceRange.replace(/0\.0\/16$/, ''))).toBe(true);
});

test('controllers and scheduler work: a Deployment becomes a pod, and the pod is bound to a node', async () => {
  const node = `node-${namespace}`;
  await cluster.kubectl(['apply', '-f', '-'], { input: JSON.stringify(nodeObject(node)) });
  try {
    const status = { conditions: [{ type: 'Ready', status: 'True' }], ...capacity };
    const patch = ['patch', 'node', node, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status })];
    await cluster.kubectl(patch);
    await cluster.kubectl(['taint', 'node', node, 'node.kubernetes.io/not-ready-']).catch(() => {});
    const image = `${cluster.registry.host}/nothing`;
    await cluster.kubectl(['-n', namespace, 'create', 'deployment', 'web', `--image=${image}`, '--replicas=1']);
    await cluster.kubectl(['-n', namespace, 'wait', '--for=create', 'pod', '-l', 'app=web', '--timeout=60s']);
    const scheduled = ['wait', '--for=condition=PodScheduled', 'pod', '-l', 'app=web', '--timeout=60s'];
    await cluster.kubectl(['-n', namespace, ...scheduled]);
    const on = ['get', 'pod', '-l', 'app=web', '-o', 'jsonpath={.items[0].spec.nodeName}'];
    expect(await cluster.kubectl(['-n', namespace, ...on])).toBe(node);
  } finally {
    await cluster.kubectl(['delete', 'node', node]);
  }
});

const capacity = {
  capacity: { cpu: '4', memory: '8Gi', pods: '100' },
  allocatable: { cpu: '4', memory: '8Gi', pods: '100' },
};

function nodeObject(name: string) {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels: { 'kubernetes.io/arch': 'amd64' } } };
}

test('a namespace that is deleted goes, with what is in it', async () => {
  const doomed = await newNamespace(cluster);
  await cluster.kubectl(['-n', doomed, 'create', 'configmap', 'letter']);
  await cluster.kubectl(['delete', 'namespace', doomed, '--timeout=60s']);
  expect(await cluster.client.get(resources.namespaces, { name: doomed })).toBeUndefined();
});

test('helm speaks to the cluster', async () => {
  const { runOrThrow } = await import('../guest/command.ts');
  const environment = { ...process.env, KUBECONFIG: cluster.kubeconfig, HOME: cluster.folder };
  expect(JSON.parse(await runOrThrow(cluster.tools.helm, ['list', '-A', '-o', 'json'], { environment }))).toEqual([]);
  const wanted = (await readGoModule()).versions.get('helm.sh/helm/v4');
  expect(await runOrThrow(cluster.tools.helm, ['version', '--template', '{{.Version}}'])).toBe(wanted);
});
