import type { LocalOsvApp } from '@osv/contracts';
import type { InstanceRecord } from '@osv/local/instance/record.ts';
import { parseMemorySize } from '@osv/local/machine/memory-size.ts';
import type { LocalImage, StartRequest } from '@osv/local/start/request.ts';
import { expect, test } from 'vitest';
import { type Additions, planApp } from './plan-app.ts';

const image = { digest: 'sha256:1', kernelPath: '/osv.elf' } as LocalImage;
const additions: Additions = {
  environment: [],
  publish: [],
  binds: [],
  machine: 'q35',
  icount: false,
  tracepoints: [],
  cpus: undefined,
  memoryBytes: undefined,
  replicas: undefined,
};

function appOf(spec: Partial<LocalOsvApp['spec']> = {}): LocalOsvApp {
  return {
    apiVersion: 'osvapp.dev/v1alpha1',
    kind: 'OsvApp',
    metadata: { name: 'web' },
    spec: { source: { directory: { path: '.' } }, ...spec },
  };
}

const plan = (app: LocalOsvApp, change: Partial<Additions> = {}, present: InstanceRecord[] = []) =>
  planApp(app, 'web.yaml', image, [], { ...additions, ...change }, present, parseMemorySize);

const running = (request: StartRequest) =>
  ({ name: request.name, app: request.app, state: 'running' }) as InstanceRecord;

test('an app has one instance unless it says otherwise, and the command line has the last word', () => {
  expect(plan(appOf()).start.map(({ name }) => name)).toEqual(['web-0']);
  expect(plan(appOf({ replicas: 2 })).start).toHaveLength(2);
  expect(plan(appOf({ replicas: 2 }), { replicas: 3 }).start).toHaveLength(3);
});

test('flags add to the file', () => {
  const [request] = plan(appOf({ env: [{ name: 'A', value: '1' }], resources: { cpus: 2, memory: '64Mi' } }), {
    environment: ['B=2'],
    cpus: 4,
  }).start;
  expect(request).toMatchObject({ environment: ['A=1', 'B=2'], cpus: 4, memoryBytes: 64 * 1024 * 1024 });
});

test('what runs as wanted is kept', () => {
  const present = plan(appOf({ replicas: 2 })).start.map(running);
  expect(plan(appOf({ replicas: 2 }), {}, present)).toMatchObject({ replace: [], start: [] });
});

test('what runs otherwise, has ended or is too many is replaced', () => {
  const present = plan(appOf({ replicas: 2 })).start.map(running);
  expect(plan(appOf({ replicas: 2, args: ['x'] }), {}, present).replace).toHaveLength(2);
  const changed = plan(appOf({ replicas: 2 }), { replicas: 1 }, present);
  expect(changed.replace).toHaveLength(2);
  const ended = present.map((record) => ({ ...record, state: 'exited' as const }));
  expect(plan(appOf({ replicas: 2 }), {}, ended)).toMatchObject({ keep: [], start: [{}, {}] });
});

test('instances of other apps are nobody of ours', () => {
  const other = { name: 'db-0', app: { name: 'db' }, state: 'running' } as InstanceRecord;
  expect(plan(appOf(), {}, [other]).replace).toEqual([]);
});

test('one published port cannot serve several replicas', () => {
  const publish = [{ hostAddress: '127.0.0.1', hostPort: 80, guestPort: 80 }];
  expect(() => plan(appOf({ replicas: 2 }), { publish })).toThrow('web has 2 replicas');
});

test('other files of a ConfigMap replace what runs', () => {
  const volumes = (color: string): StartRequest['volumes'] => [
    {
      mount: { path: '/etc/a', type: 'iso9660' },
      files: { serial: 'files0', contents: { color: Buffer.from(color) } },
    },
  ];
  const planned = (color: string, present: InstanceRecord[]) =>
    planApp(appOf(), 'web.yaml', image, volumes(color), additions, present, parseMemorySize);
  const present = planned('green', []).start.map(running);
  expect(planned('green', present)).toMatchObject({ replace: [], start: [] });
  expect(planned('blue', present).replace).toHaveLength(1);
});
