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

/** What is wrong, and words of the sentence that must come back. */
const refused: Record<string, [spec: object, sentence: RegExp]> = {
  'no source': [{}, /spec\.source: Required value/],
  'an empty source': [{ source: {} }, /needs exactly one of image, archive and packages/],
  'two sources': [
    { source: { ...packages, image: { reference: 'redis:7' } } },
    /spec\.source.*needs exactly one of image, archive and packages/,
  ],
  'a memory size that is none': [{ source: packages, resources: { memory: 'plenty' } }, /spec\.resources\.memory/],
  'a negative memory size': [{ source: packages, resources: { memory: '-64Mi' } }, /spec\.resources\.memory/],
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
