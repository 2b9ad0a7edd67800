import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseOptions } from '../../operator/options.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { installMonitoringDefinitions } from '../cluster/monitoring/definitions.ts';
import { chart, helm, objects, type Rendered, type Settings, template } from './support/helm.ts';
import { untilDefinitionServed } from './support/operator.ts';
import { newNamespace, sharedCluster } from './support/shared-cluster.ts';

let cluster: Cluster;
let namespace: string;
let served: string;
const registry = { 'registry.host': 'registry.example:5000' };

const everything = (): Settings => ({
  ...registry,
  'registry.insecure': true,
  'registry.authSecret': 'osv-registry',
  'prometheus.namespace': namespace,
  'podMonitor.enabled': true,
  'prometheusRule.enabled': true,
  'dashboards.enabled': true,
  'console.serviceAccount.create': true,
  'operator.guestProxy': 'http://127.0.0.1:8888',
});
const scoped = (): Settings => ({ ...everything(), 'operator.namespaces': `{${served}}` });

interface Deployment extends Rendered {
  readonly spec: {
    readonly replicas: number;
    readonly template: { readonly metadata: object; readonly spec: { containers: { args: string[] }[] } };
  };
}

interface Role extends Rendered {
  readonly rules: { resources: string[]; verbs: string[] }[];
}

interface PrometheusRule extends Rendered {
  readonly spec: { groups: { name: string; rules: { alert: string; annotations: Record<string, string> }[] }[] };
}

beforeAll(async () => {
  cluster = await sharedCluster();
  [namespace, served] = await Promise.all([newNamespace(cluster), newNamespace(cluster)]);
  await installMonitoringDefinitions(cluster);
});

test('helm finds nothing to say about the chart', async () => {
  const said = await helm(cluster, 'lint', '--strict', chart, '--set', 'registry.host=registry.example');
  expect(said).toContain('0 chart(s) failed');
  expect(said).not.toMatch(/WARNING|ERROR/);
});

test.each<[string, Settings, RegExp]>([
  ['no registry', {}, /Say where built images go: --set registry\.host=HOST/],
  ['a value that there is not', { ...registry, 'operator.replica': 3 }, /operator.*additional properties 'replica'/s],
  ['a log level that there is not', { ...registry, 'operator.logLevel': 'loud' }, /logLevel.*'debug'/s],
  ['a registry with a path', { 'registry.host': 'registry.example/apps' }, /registry\/host|registry\.host/],
  ['a number of replicas that is none', { ...registry, 'operator.replicas': -1 }, /replicas/],
  ['a namespace in capitals', { ...registry, 'operator.namespaces': '{Shop}' }, /namespaces/],
])('%s is refused with a sentence', async (_, settings, sentence) => {
  await expect(template(cluster, namespace, settings)).rejects.toThrow(sentence);
});

test.each<[string, () => Settings]>([
  ['by default', () => registry],
  ['with all switches on', everything],
  ['for one namespace', scoped],
])('the API server takes every object %s', async (_, settings) => {
  const rendered = await template(cluster, namespace, settings());
  const apply = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '--force-conflicts', '-f', '-'];
  const taken = (await cluster.kubectl(apply, { input: rendered })).trim().split('\n');
  expect(taken.length).toBe(objects(rendered).length);
});

test('the operator understands its command line', async () => {
  const [deployment] = objects<Deployment>(await template(cluster, namespace, scoped()), 'Deployment');
  const args = deployment?.spec.template.spec.containers[0]?.args ?? [];
  expect(parseOptions(args, { POD_NAMESPACE: namespace })).toMatchObject({
    namespaces: [served],
    operatorNamespace: namespace,
    leaderElection: true,
    registry: 'registry.example:5000',
    registryInsecure: true,
    registrySecret: 'osv-registry',
    builderServiceAccount: 'osv-osv-operator-builder',
    metricsPort: 8080,
    healthPort: 8081,
    guestProxy: 'http://127.0.0.1:8888',
    prometheusNamespace: namespace,
  });
});

test('its pods satisfy the strictest of the pod security standards', async () => {
  const strict = await newNamespace(cluster);
  await cluster.kubectl(['label', 'namespace', strict, 'pod-security.kubernetes.io/enforce=restricted']);
  const [deployment] = objects<Deployment>(await template(cluster, strict, everything()), 'Deployment');
  const { metadata, spec } = deployment?.spec.template ?? { metadata: {}, spec: { containers: [] } };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: 'operator', namespace: strict }, spec };
  const bare = { ...pod, spec: { ...spec, serviceAccountName: 'default' } };
  const create = ['create', '--dry-run=server', '-f', '-'];
  expect(await cluster.kubectl(create, { input: JSON.stringify(bare) })).toContain('pod/operator created');
});

test('a list of namespaces takes every cluster-wide right away from the operator', async () => {
  const rendered = await template(cluster, namespace, { ...scoped(), 'rbac.aggregateToUserRoles': false });
  expect(objects(rendered, 'ClusterRole')).toEqual([]);
  expect(objects(rendered, 'ClusterRoleBinding')).toEqual([]);
  const roles = objects<Role>(rendered, 'Role').filter(({ metadata }) => !metadata.name.endsWith('-console'));
  expect(roles.map(({ metadata }) => metadata.namespace).sort()).toEqual([namespace, served].sort());
});

test('nobody may list or watch Secrets, and no right is a wildcard', async () => {
  const rendered = await template(cluster, namespace, everything());
  for (const { rules } of [...objects<Role>(rendered, 'ClusterRole'), ...objects<Role>(rendered, 'Role')]) {
    for (const { resources, verbs } of rules) {
      expect([...resources, ...verbs]).not.toContain('*');
      if (resources.includes('secrets')) expect(verbs).not.toEqual(expect.arrayContaining(['list']));
      if (resources.includes('secrets')) expect(verbs).not.toEqual(expect.arrayContaining(['watch']));
    }
  }
});

test('alerts and dashboards arrive as they were made', async () => {
  const runbookUrl = 'https://wiki.example/runbooks';
  const rendered = await template(cluster, namespace, { ...everything(), 'prometheusRule.runbookUrl': runbookUrl });
  const made = parse(readFileSync(join(chart, 'files/rules.yaml'), 'utf8')) as PrometheusRule['spec'];
  const [rule] = objects<PrometheusRule>(rendered, 'PrometheusRule');
  const base = 'https://osvapp.dev/docs/runbooks';
  expect(rule?.spec).toEqual(JSON.parse(JSON.stringify(made).replaceAll(base, runbookUrl)));
  const maps = objects<Rendered & { data: Record<string, string> }>(rendered, 'ConfigMap');
  expect(maps.map(({ metadata }) => metadata.labels?.grafana_dashboard)).toEqual(['1', '1']);
  for (const [name, json] of maps.flatMap(({ data }) => Object.entries(data))) {
    const original = readFileSync(join(chart, 'dashboards', name), 'utf8');
    expect(JSON.parse(json)).toEqual(JSON.parse(original));
  }
});

test('installed, upgraded, rolled back and uninstalled, it leaves the definition and the OsvApps', async () => {
  const release = ['osv', chart, '-n', namespace, '--take-ownership', '--force-conflicts', '--set'];
  const deployment = () =>
    cluster.kubectl(['-n', namespace, 'get', 'deployment', 'osv-osv-operator', '-o', 'jsonpath={.spec.replicas}']);
  const said = await helm(cluster, 'install', ...release, `registry.host=r.example,operator.namespaces={${served}}`);
  expect(said).toContain(`It serves the namespaces ${served}.`);
  expect(await deployment()).toBe('2');
  await untilDefinitionServed(cluster);
  const examples = join(import.meta.dirname, '../../examples/redis.yaml');
  await cluster.kubectl(['-n', served, 'apply', '-f', examples]);

  const may = async (account: string, place: string, ...words: string[]) => {
    const user = `system:serviceaccount:${namespace}:osv-osv-operator${account}`;
    const answer = cluster.kubectl(['-n', place, 'auth', 'can-i', ...words, `--as=${user}`]);
    return (await answer.catch((error: Error) => error.message)).trim().endsWith('yes');
  };
  expect(await may('', served, 'watch', 'osvapps.osvapp.dev')).toBe(true);
  expect(await may('', served, 'patch', 'osvapps.osvapp.dev/status')).toBe(true);
  expect(await may('', served, 'create', 'podmonitors.monitoring.coreos.com')).toBe(true);
  expect(await may('', namespace, 'create', 'jobs.batch')).toBe(true);
  expect(await may('', served, 'list', 'secrets')).toBe(false);
  expect(await may('', 'default', 'get', 'secrets')).toBe(false);
  expect(await may('', served, 'create', 'pods')).toBe(false);
  expect(await may('-builder', namespace, 'get', 'configmaps')).toBe(false);

  await helm(cluster, 'upgrade', ...release, 'operator.replicas=3', '--reuse-values');
  expect(await deployment()).toBe('3');
  await helm(cluster, 'rollback', 'osv', '-n', namespace);
  expect(await deployment()).toBe('2');
  await helm(cluster, 'uninstall', 'osv', '-n', namespace);
  await expect(deployment()).rejects.toThrow(/not found/);
  expect(await cluster.kubectl(['-n', served, 'get', 'osvapp', 'redis', '-o', 'name'])).toBe(
    'osvapp.osvapp.dev/redis\n',
  );
});
