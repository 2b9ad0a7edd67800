import { parse } from '@marcbachmann/cel-js';
import { expect, test } from 'vitest';
import { nearest } from './did-you-mean.ts';
import { parseAppDocuments, parseOsvApps } from './parse.ts';
import { osvAppDefinition, type Rule, type Schema } from './schema.ts';

const redis = `apiVersion: osvapp.dev/v1alpha1
kind: OsvApp
metadata: {name: cache}
spec:
  source:
    packages: {names: [redis-server]}
  args: [--save, ""]
  resources: {cpus: 1, memory: 64Mi}
  ports: [{name: redis, port: 6379, protocol: TCP}]
  readinessProbe: {tcpSocket: {port: 6379}}
`;

function complaint(text: string): string {
  try {
    parseOsvApps(text, 'app.yaml');
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
}

test('a valid app is read', () => {
  const [app] = parseOsvApps(redis, 'app.yaml');
  expect(app?.metadata.name).toBe('cache');
  expect(app?.spec.args).toEqual(['--save', '']);
  expect(app?.spec.source.packages?.names).toEqual(['redis-server']);
});

test('several documents and a folder as source are read', () => {
  const text = `${redis}---\n${redis.replace('packages: {names: [redis-server]}', 'directory: {path: ./hello}')}---\n`;
  expect(parseOsvApps(text, 'app.yaml').map((app) => app.spec.source.directory?.path)).toEqual([undefined, './hello']);
});

test.each([
  ['resources:', 'resource:', 'app.yaml:8: spec.resource is not a known field; did you mean resources?'],
  ['packages:', 'pakages:', 'app.yaml:6: spec.source.pakages is not a known field; did you mean packages?'],
  ['cpus: 1', 'cpus: "1"', 'app.yaml:8: spec.resources.cpus must be a whole number, not "1"'],
  ['cpus: 1', 'cpus: 0', 'app.yaml:8: spec.resources.cpus must be at least 1, not 0'],
  [
    '64Mi',
    '64 MB',
    'app.yaml:8: spec.resources.memory cannot be "64 MB"; write a number and one of the units Ki, Mi, Gi, k, M and G, such as 64Mi',
  ],
  ['TCP', 'tcp', 'app.yaml:9: spec.ports[0].protocol must be one of TCP, UDP, not "tcp"; did you mean TCP?'],
  ['kind: OsvApp', 'kind: Pod', 'app.yaml:2: kind must be OsvApp, not "Pod"'],
  ['v1alpha1', 'v1', 'app.yaml:1: apiVersion must be osvapp.dev/v1alpha1, not "osvapp.dev/v1"'],
  ['metadata: {name: cache}', 'metadata: {}', 'app.yaml:3: metadata.name is missing'],
  [
    'packages: {names: [redis-server]}',
    'image: {reference: a}\n    directory: {path: b}',
    'app.yaml:6: spec.source needs exactly one of image, archive, packages and directory; it has image and directory',
  ],
  [
    'tcpSocket: {port: 6379}',
    'periodSeconds: 1',
    'app.yaml:10: spec.readinessProbe needs exactly one of tcpSocket and httpGet; it has none',
  ],
])('%s → %s is explained', (from, to, sentence) => {
  expect(complaint(redis.replace(from, to))).toBe(sentence);
});

test('an object of another kind is told by its kind alone', () => {
  const budget = 'apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {minAvailable: 1}\n';
  expect(complaint(budget)).toBe('app.yaml:2: kind must be OsvApp, not "PodDisruptionBudget"');
});

const settings = `apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {a: b}}
data: {color: green}
binaryData: {logo: AAE=}
`;
const credentials = `apiVersion: v1
kind: Secret
metadata: {name: credentials, namespace: shop}
type: Opaque
data: {user: b3N2, password: b2xk}
stringData: {password: new}
`;

test('ConfigMaps and Secrets beside an app are read', () => {
  const { apps, objects } = parseAppDocuments([redis, settings, credentials].join('---\n'), 'app.yaml');
  expect(apps.map(({ metadata }) => metadata.name)).toEqual(['cache']);
  const bytes = (text: string) => Buffer.from(text, 'latin1');
  expect(objects).toEqual([
    {
      kind: 'ConfigMap',
      name: 'settings',
      namespace: undefined,
      data: new Map([
        ['logo', bytes('\0\x01')],
        ['color', bytes('green')],
      ]),
    },
    {
      kind: 'Secret',
      name: 'credentials',
      namespace: 'shop',
      data: new Map([
        ['user', bytes('osv')],
        ['password', bytes('new')],
      ]),
    },
  ]);
  expect(complaint(settings)).toBe('app.yaml: the file holds no OsvApp');
  expect(parseAppDocuments(settings.replace('{color: green}', ''), 'app.yaml').objects[0]?.data.size).toBe(1);
});

test.each([
  [settings, 'color: green', 'port: 80', 'app.yaml:4: data.port must be a string, not 80'],
  [settings, '\ndata:', '\ndat:', 'app.yaml:4: dat is not a known field; did you mean data?'],
  [settings, 'AAE=', 'some text', 'app.yaml:5: binaryData.logo is no base64; text belongs into data'],
  [credentials, 'b3N2', 'pass-word', 'app.yaml:5: data.user is no base64; text belongs into stringData'],
  [settings, 'apiVersion: v1', 'apiVersion: v2', 'app.yaml:1: apiVersion must be v1, not "v2"'],
  [
    settings,
    'color: green',
    '../etc/passwd: x',
    'app.yaml:4: data cannot have the key "../etc/passwd"; a key has letters, digits, "-", "_" and ".", 253 of them at most, and ".." not at its start',
  ],
])('a wrong ConfigMap or Secret is explained: %#', (text, from, to, sentence) => {
  expect(complaint(text.replace(from, to))).toBe(sentence);
});

const second = 'protocol: TCP}, {name: NAME, port: PORT}]';

test.each([
  ['name: cache', `name: a${'b'.repeat(40)}`, /^app\.yaml:\d+: metadata\.name may have 40 characters/],
  ['name: cache', 'name: 1cache', /^app\.yaml:\d+: metadata\.name becomes the name of a Service/],
  ['protocol: TCP}]', second.replace('NAME', 'b').replace('PORT', '6379'), /spec\.ports has a port twice/],
  ['protocol: TCP}]', second.replace('NAME', 'redis').replace('PORT', '1'), /spec\.ports has a name twice/],
  ['protocol: TCP}]', second.replace('NAME', 'b').replace('PORT', '6379, protocol: UDP'), /^accepted$/],
])('the rules of the API server hold here too: %s → %s', (from, to, sentence) => {
  expect(complaint(redis.replace(from, to))).toMatch(sentence);
});

test('broken YAML and empty files are explained', () => {
  expect(complaint('spec: [1,\n')).toMatch(/^app\.yaml:\d+: /);
  expect(complaint('')).toBe('app.yaml: the file holds no OsvApp');
  expect(complaint('- 1\n')).toBe('app.yaml:1: the document must be a map, not [1]');
});

test('every CEL rule of the CRD can be held to here, and says what to do', () => {
  const rules: Rule[] = [];
  const collect = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [key, inner] of Object.entries(value as Schema)) {
      if (key === 'x-kubernetes-validations') rules.push(...(inner as Rule[]));
      else collect(inner);
    }
  };
  collect(osvAppDefinition().schema);
  expect(rules.length).toBeGreaterThan(8);
  for (const { rule, message } of rules) {
    expect(() => parse(rule)).not.toThrow();
    expect(message).toMatch(/^\S+ .{20}/);
  }
});

test('a near name is guessed, a far one is not', () => {
  expect(nearest('comand', ['command', 'args'])).toBe('command');
  expect(nearest('xyz', ['command', 'args'])).toBeUndefined();
});
