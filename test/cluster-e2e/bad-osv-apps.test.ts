import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import { installDefinition } from './support/operator.ts';
import { newNamespace, sharedCluster } from './support/shared-cluster.ts';

let cluster: Cluster;
let namespace: string;

beforeAll(async () => {
  cluster = await sharedCluster();
  namespace = await newNamespace(cluster);
  await installDefinition(cluster);
});

const packages = { packages: { names: ['redis-server'] } };

/** Asks the API server to take an app, without keeping it. */
function offer(spec: object, metadata: object = { name: 'app' }): Promise<string> {
  const app = { apiVersion: 'osvapp.dev/v1alpha1', kind: 'OsvApp', metadata, spec };
  return cluster.kubectl(['-n', namespace, 'create', '--dry-run=server', '-f', '-'], { input: JSON.stringify(app) });
}

test('the examples of the documentation are taken', async () => {
  const examples = join(import.meta.dirname, '../../examples');
  const folders = ['-f', examples, '-f', join(examples, 'features')];
  await cluster.kubectl(['-n', namespace, 'apply', '--dry-run=server', '--validate=strict', ...folders]);
});

test('the names kubectl knows it by', async () => {
  for (const name of ['osvapp', 'osvapps', 'osv', 'osvapps.osvapp.dev']) {
    expect(await cluster.kubectl(['-n', namespace, 'get', name, '-o', 'name'])).toBe('');
  }
});

const data = { name: 'data', mountPath: '/data' };

/** The sentence about a size that is none, in a field. */
function sizeIn(field: string): RegExp {
  return new RegExp(
    `${field.replaceAll(/[.[\]]/g, '\\$&')}: .*write a number and one of the units Ki, .* such as [0-9]+[MG]i`,
  );
}

/** What is wrong, and words of the sentence that must come back. */
const refused: Record<string, [spec: object, sentence: RegExp]> = {
  'no source': [{}, /spec\.source: Required value/],
  'an empty source': [{ source: {} }, /needs exactly one of image, archive and packages/],
  'two sources': [
    { source: { ...packages, image: { reference: 'redis:7' } } },
    /spec\.source.*needs exactly one of image, archive and packages/,
  ],
  'a memory size that is none': [
    { source: packages, resources: { memory: 'plenty' } },
    sizeIn('spec.resources.memory'),
  ],
  'a negative memory size': [{ source: packages, resources: { memory: '-64Mi' } }, sizeIn('spec.resources.memory')],
  'a memory size with a unit that there is not': [
    { source: packages, resources: { memory: '12Foo' } },
    sizeIn('spec.resources.memory'),
  ],
  'more memory than any machine has': [
    { source: packages, resources: { memory: '9999999999999999999999999Gi' } },
    /spec\.resources\.memory: .*write 16384Gi or less/,
  ],
  'a number of bytes that was meant to be one of MiB': [
    { source: packages, resources: { memory: '64' } },
    /spec\.resources\.memory: .*write 1Mi or more; a number without a unit counts bytes/,
  ],
  'a volume of a size that is none': [
    { source: packages, volumes: [{ ...data, size: 'big' }] },
    sizeIn('spec.volumes[0].size'),
  ],
  'a volume in memory of a size that is none': [
    { source: packages, volumes: [{ ...data, emptyDir: { sizeLimit: '1 GB' } }] },
    sizeIn('spec.volumes[0].emptyDir.sizeLimit'),
  ],
  'a variable of 2 MB': [
    { source: packages, env: [{ name: 'A', value: 'x'.repeat(2_000_000) }] },
    /spec\.env.*131072 characters at most.*give the program a file instead/,
  ],
  'many long variables': [
    { source: packages, env: Array.from({ length: 10 }, (_, i) => ({ name: `A${i}`, value: 'x'.repeat(60_000) })) },
    /all values of spec\.env together have 524288 characters at most/,
  ],
  'long arguments': [{ source: packages, args: ['x'.repeat(140_000)] }, /spec\.args: .*131072 characters at most/],
  'a rollout that could never move': [
    { source: packages, strategy: { maxSurge: 0, maxUnavailable: '0%' } },
    /spec\.strategy has maxSurge 0 and maxUnavailable 0.*set one of them to 1/,
  ],
  'no instance missing where none can stand in': [
    { source: packages, strategy: { maxUnavailable: 0 }, volumes: [{ ...data, size: '1Gi' }] },
    /maxUnavailable 0 cannot be kept with a volume/,
  ],
  'one disk for two instances': [
    { source: packages, replicas: 2, volumes: [{ ...data, persistentVolumeClaim: { claimName: 'a' } }] },
    /one instance at most can write to; set spec\.replicas to 1, or readOnly/,
  ],
  'a StorageClass for no claim': [
    { source: packages, volumes: [{ ...data, emptyDir: {}, storageClassName: 'fast' }] },
    /a storageClassName only with a size/,
  ],
  'half a processor': [{ source: packages, resources: { cpus: 0.5 } }, /spec\.resources\.cpus.*integer/],
  'no processor': [{ source: packages, resources: { cpus: 0 } }, /spec\.resources\.cpus.*greater than or equal to 1/],
  'a thousand processors': [
    { source: packages, resources: { cpus: 1000 } },
    /spec\.resources\.cpus.*less than or equal/,
  ],
  'a runtime that there is not': [
    { source: packages, runtime: 'java-3' },
    /spec\.runtime: Unsupported value: "java-3": supported values: .*"java-17"/,
  ],
  'negative replicas': [{ source: packages, replicas: -1 }, /spec\.replicas.*greater than or equal to 0/],
  'a million replicas': [{ source: packages, replicas: 1_000_000 }, /spec\.replicas.*less than or equal to/],
  'port 0': [{ source: packages, ports: [{ port: 0 }] }, /spec\.ports\[0\]\.port.*greater than or equal to 1/],
  'port 70000': [
    { source: packages, ports: [{ port: 70_000 }] },
    /spec\.ports\[0\]\.port.*less than or equal to 65535/,
  ],
  'a port twice': [{ source: packages, ports: [{ port: 80 }, { port: 80 }] }, /spec\.ports.*(twice|once|[Dd]uplicate)/],
  "two ports' names alike": [
    {
      source: packages,
      ports: [
        { name: 'web', port: 80 },
        { name: 'web', port: 81 },
      ],
    },
    /spec\.ports.*(twice|once|[Dd]uplicate|unique)/,
  ],
  "a port's name that is too long": [
    { source: packages, ports: [{ name: 'a-name-of-sixteen', port: 80 }] },
    /spec\.ports\[0\]\.name/,
  ],
  'a volume of two kinds': [
    { source: packages, volumes: [{ name: 'a', mountPath: '/a', size: '1Gi', configMap: { name: 'x' } }] },
    /a volume needs exactly one of/,
  ],
  'a probe without a way to ask': [{ source: packages, readinessProbe: {} }, /a probe needs exactly one of/],
  'a huge argument list': [
    { source: packages, args: Array(2000).fill('x') },
    /spec\.args.*must have at most 1024 items/,
  ],
  'an image reference of 10,000 letters': [
    { source: { image: { reference: 'x'.repeat(10_000) } } },
    /spec\.source\.image\.reference.*(may not be more than|Too long)/,
  ],
  'a word for the kernel with a blank in it': [
    { source: packages, kernel: { arguments: ['a b'] } },
    /spec\.kernel\.arguments\[0\]/,
  ],
};

describe('the API server refuses', () => {
  for (const [what, [spec, sentence]] of Object.entries(refused)) {
    test(what, async () => {
      await expect(offer(spec)).rejects.toThrow(sentence);
    });
  }

  test('a name that is too long for the objects made from it', async () => {
    await expect(offer({ source: packages }, { name: 'x'.repeat(254) })).rejects.toThrow(/name/);
  });

  test('a field that there is not, by its name', async () => {
    await expect(offer({ source: packages, replicsa: 3 })).rejects.toThrow(/unknown field "spec\.replicsa"/);
  });
});

test('the size of a volume stays as it is', async () => {
  const app = (size: string) => ({
    apiVersion: 'osvapp.dev/v1alpha1',
    kind: 'OsvApp',
    metadata: { name: 'sized' },
    spec: { source: packages, replicas: 0, volumes: [{ ...data, size }] },
  });
  const apply = (size: string) =>
    cluster.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(app(size)) });
  await apply('1Gi');
  await expect(apply('2Gi')).rejects.toThrow(/the size of a volume in spec\.volumes cannot change/);
});

test('an app with one disk is not scaled beyond one instance', async () => {
  const spec = { source: packages, replicas: 0, volumes: [{ ...data, persistentVolumeClaim: { claimName: 'a' } }] };
  const app = { apiVersion: 'osvapp.dev/v1alpha1', kind: 'OsvApp', metadata: { name: 'one-disk' }, spec };
  await cluster.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(app) });
  const scale = (replicas: number) =>
    cluster.kubectl(['-n', namespace, 'scale', 'osvapp/one-disk', `--replicas=${replicas}`]);
  await scale(1);
  await expect(scale(2)).rejects.toThrow(/one instance at most can write to/);
});

/** As with a Deployment: who leaves the number out leaves it to whoever sets it, the autoscaler in the first place. */
test('replicas that nobody sets are 1, and stay what an autoscaler made of them', async () => {
  const app = { apiVersion: 'osvapp.dev/v1alpha1', kind: 'OsvApp', metadata: { name: 'left' } };
  const apply = (spec: object, ...flags: string[]) => {
    const input = JSON.stringify({ ...app, spec: { source: packages, ...spec } });
    return cluster.kubectl(['-n', namespace, 'apply', '-f', '-', ...flags], { input });
  };
  const replicas = () => cluster.kubectl(['-n', namespace, 'get', 'osvapp/left', '-o', 'jsonpath={.spec.replicas}']);
  await apply({}, '--server-side');
  expect(await replicas()).toBe('1');
  await cluster.kubectl(['-n', namespace, 'scale', 'osvapp/left', '--replicas=5']);
  await apply({ paused: true }, '--server-side');
  expect(await replicas()).toBe('5');
});

test('kubectl explain has words for the fields', async () => {
  const explain = (field: string) => cluster.kubectl(['explain', field]);
  expect(await explain('osvapp')).toMatch(/A Linux program, run unmodified as a unikernel/);
  expect(await explain('osvapp.spec.source')).toMatch(/Where the program comes from; exactly one of its fields/);
  expect(await explain('osvapp.spec.source.packages')).toMatch(/Debian packages/);
});

test('kubectl scale writes the replicas', async () => {
  const metadata = { name: 'scaled' };
  const app = { apiVersion: 'osvapp.dev/v1alpha1', kind: 'OsvApp', metadata, spec: { source: packages, replicas: 1 } };
  await cluster.kubectl(['-n', namespace, 'apply', '-f', '-'], { input: JSON.stringify(app) });
  await cluster.kubectl(['-n', namespace, 'scale', 'osvapp/scaled', '--replicas=3']);
  const path = 'jsonpath={.spec.replicas}';
  expect(await cluster.kubectl(['-n', namespace, 'get', 'osvapp/scaled', '-o', path])).toBe('3');
});
