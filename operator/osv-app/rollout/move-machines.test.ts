import { expect, test } from 'vitest';
import { decide } from '../decide.ts';
import type { Action, AppSpec, Observed } from '../model.ts';
import { revisionName } from '../revision.ts';
import { builtImage, crash, instance, machine, now, observed, set } from '../testing/observed.ts';

const spec: Partial<AppSpec> = { replicas: 2, volumes: [{ name: 'data', mountPath: '/data', size: '1Gi' }] };
const app = (change: Parameters<typeof observed>[0] = {}) => observed({ ...change, spec: { ...spec, ...change.spec } });
const revision = revisionName(app().app.spec, builtImage.reference, 'none');

/** Without the Service and its like, and without events. */
function actionsOf(given: Observed): Action[] {
  const { actions } = decide(given, { managementPeers: [] });
  const instances = new Set(['kubevirt.io', '']);
  return actions.filter((action) => {
    if (action.type === 'event') return false;
    return action.type !== 'apply' || (instances.has(action.resource.group) && action.resource.plural !== 'services');
  });
}

function running(ordinal: number, of = revision, change: Parameters<typeof instance>[2] = {}) {
  return instance(of, `redis-${ordinal}`, { ownerUid: `uid-machine-${ordinal}`, ...change });
}

const record = set(revision, { replicas: 0 });

test('the first machine comes with its claim, its configuration, and an empty set as the record of the revision', () => {
  const actions = actionsOf(app());
  expect(actions).toMatchObject([
    {
      type: 'ensure-boot-secret',
      configuration: { mounts: [{ path: '/data', serial: 'volume0', type: 'ext4', formatIfBlank: true }] },
    },
    { type: 'apply', object: { kind: 'VirtualMachineInstanceReplicaSet', spec: { replicas: 0 } } },
    {
      type: 'ensure-claim',
      claim: {
        metadata: { name: 'redis-data-0', labels: { 'osvapp.dev/ordinal': '0' } },
        spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
      },
    },
    {
      type: 'apply',
      takeOver: false,
      object: {
        kind: 'VirtualMachine',
        metadata: { name: 'redis-0', ownerReferences: [{ uid: 'app-uid' }] },
        spec: {
          runStrategy: 'Always',
          template: {
            metadata: { labels: { 'osvapp.dev/app': 'redis', 'osvapp.dev/revision': revision } },
            spec: {
              domain: { devices: { disks: [{}, {}, { name: 'volume0', serial: 'volume0', disk: { bus: 'virtio' } }] } },
              volumes: [{}, {}, { name: 'volume0', persistentVolumeClaim: { claimName: 'redis-data-0' } }],
            },
          },
        },
      },
    },
  ]);
  const [, empty, claim] = actions;
  expect(JSON.stringify(empty)).not.toContain('persistentVolumeClaim');
  expect(claim).not.toHaveProperty('claim.metadata.ownerReferences');
});

test('a claim that the app names is the disk of its one instance, and no other is made', () => {
  const volumes = [{ name: 'data', mountPath: '/data', persistentVolumeClaim: { claimName: 'mine' }, readOnly: true }];
  const actions = actionsOf(observed({ spec: { volumes } }));
  expect(actions.map(({ type }) => type)).toEqual(['ensure-boot-secret', 'apply', 'apply']);
  expect(actions[2]).toHaveProperty('object.spec.template.spec.volumes.2.persistentVolumeClaim', {
    claimName: 'mine',
    readOnly: true,
  });
  expect(actions[2]).toHaveProperty('object.spec.template.spec.domain.devices.disks.2.disk.readonly', true);
});

test('an app at rest is left alone', () => {
  const machines = [machine(revision, 0), machine(revision, 1)];
  expect(actionsOf(app({ sets: [record], machines, instances: [running(0), running(1)] }))).toEqual([]);
});

test('a new revision gets its record, then the highest machine its template and another instance', () => {
  const machines = [machine('old', 0), machine('old', 1)];
  const instances = [running(0, 'old'), running(1, 'old')];
  expect(actionsOf(app({ sets: [set('old', { replicas: 0 })], machines, instances }))).toMatchObject([
    { type: 'ensure-boot-secret' },
    { type: 'apply', object: { kind: 'VirtualMachineInstanceReplicaSet' } },
    { type: 'ensure-claim', claim: { metadata: { name: 'redis-data-1' } } },
    { type: 'apply', takeOver: true, object: { kind: 'VirtualMachine', metadata: { name: 'redis-1' } } },
    {
      type: 'delete',
      resource: { kind: 'VirtualMachineInstance' },
      reference: { name: 'redis-1' },
      uid: 'uid-redis-1',
    },
  ]);
});

test('a paused app follows its number of replicas, and rolls nothing', () => {
  const paused = { paused: true, replicas: 1 };
  const old = [machine('old', 0), machine('old', 1)];
  const given = app({ spec: paused, sets: [set('old')], machines: old, instances: [running(0, 'old')] });
  expect(actionsOf(given)).toMatchObject([{ type: 'delete', reference: { name: 'redis-1' } }]);
  const more = { paused: true, replicas: 3 };
  const machines = [machine(revision, 0), machine(revision, 1)];
  const same = app({ spec: more, sets: [record], machines, instances: [running(0), running(1)] });
  expect(actionsOf(same)).toMatchObject([{ type: 'ensure-claim' }, { object: { metadata: { name: 'redis-2' } } }]);
});

test('one that crashes is Manual until that is forgotten, but for the moment of its next start', () => {
  const one = { replicas: 1 };
  const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);
  const crashes = [-30, -1].map((seconds) => crash(revision, 'redis-0', seconds));
  const ended = running(0, revision, { phase: 'Failed', ready: false, leaving: true });
  const first = app({
    spec: one,
    sets: [record],
    machines: [machine(revision, 0)],
    instances: [ended],
    crashes,
  });
  const strategies = (given: Observed) =>
    actionsOf(given).flatMap((action) => (action.type === 'set-run-strategy' ? action.runStrategy : []));
  expect(strategies(first)).toEqual(['Manual']);
  const held = { ...first, machines: [machine(revision, 0, { runStrategy: 'Manual' })] };
  expect(strategies(held)).toEqual([]);
  expect(strategies({ ...held, now: at(10) })).toEqual(['Always']);
  const paused = { ...held.app, spec: { ...held.app.spec, paused: true } };
  expect(strategies({ ...held, app: paused, now: at(10) })).toEqual(['Always']);
  const { status } = decide(first, { managementPeers: [] });
  const back = { ...first, app: { ...first.app, status }, crashes: [], instances: [running(0)] };
  expect(strategies({ ...back, now: at(12), machines: held.machines })).toEqual([]);
  expect(strategies({ ...back, now: at(700), machines: held.machines })).toEqual(['Always']);
});

test('an app that gets persistent volumes loses its sets first, one that has none any more its machines', () => {
  const stateless = set('old');
  const before = actionsOf(app({ sets: [stateless], instances: [instance('old', 'a')] }));
  expect(before.at(-1)).toMatchObject({ type: 'scale-set', set: 'redis-old', replicas: 0 });
  expect(before.some((action) => action.type === 'apply' && action.object.kind === 'VirtualMachine')).toBe(false);
  const after = actionsOf(observed({ sets: [record], machines: [machine(revision, 0)], instances: [running(0)] }));
  expect(after.at(-1)).toMatchObject({ type: 'delete', resource: { kind: 'VirtualMachine' } });
  expect(after.find((action) => action.type === 'apply')).toMatchObject({ object: { spec: { replicas: 0 } } });
});
