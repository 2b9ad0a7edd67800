import { expect, test } from 'vitest';
import { decide as decideWith } from './decide.ts';
import type { Action, AppStatus, Decision, Observed } from './model.ts';
import { revisionName } from './revision.ts';
import { builtImage, crash, instance, now, observed, set } from './testing/observed.ts';

const decide = (given: Observed) => decideWith(given, { managementPeers: [] });
const condition = ({ status }: Decision, type: string) => status.conditions?.find((one) => one.type === type);

/** Without the Service and its like, which have tests of their own. */
function instanceActions({ actions }: Decision): Action[] {
  return actions.filter((action) => !(action.type === 'apply' && action.resource.group !== 'kubevirt.io'));
}

const revision = revisionName(observed().app.spec, builtImage.reference, 'none');

test('an app without an image asks for one, and starts nothing', () => {
  const decision = decide(observed({ image: { key: 'k', sourceDigest: 'd', state: { state: 'absent' } } }));
  expect(instanceActions(decision)).toEqual([{ type: 'build-image', key: 'k' }]);
  expect(condition(decision, 'ImageReady')).toMatchObject({ status: 'False', reason: 'Building' });
  expect(condition(decision, 'Available')).toMatchObject({ status: 'False' });
});

test('a build that failed says why, and is tried again when it is due', () => {
  const failed = (retryAt: Date, status?: AppStatus) =>
    decide(
      observed({
        ...(status ? { status } : {}),
        image: {
          key: 'k',
          sourceDigest: 'd',
          state: {
            state: 'failed',
            code: 'not-found',
            message: 'There is no package redisserver.',
            temporary: false,
            attempts: 1,
            retryAt,
          },
        },
      }),
    );
  const later = failed(new Date(now.getTime() + 5000));
  expect(condition(later, 'ImageReady')).toMatchObject({
    reason: 'BuildFailed',
    message: 'There is no package redisserver. (not-found)',
  });
  expect(condition(later, 'Degraded')).toMatchObject({ status: 'True', reason: 'BuildFailed' });
  const said = { type: 'event', severity: 'Warning', reason: 'BuildFailed' };
  expect(instanceActions(later)).toMatchObject([said]);
  expect(later.requeueAfterSeconds).toBe(5);
  expect(instanceActions(failed(new Date(now.getTime() + 4000), later.status))).toEqual([]);
  expect(instanceActions(failed(now, later.status))).toEqual([{ type: 'build-image', key: 'k' }]);
});

test('a revision that is wanted again becomes the newest', () => {
  const sets = [set(revision, { replicas: 0, revisionNumber: 1 }), set('b', { revisionNumber: 2 })];
  const decision = decide(observed({ sets, instances: [instance('b', 'x')] }));
  expect(decision.actions).toContainEqual({ type: 'number-set', set: `redis-${revision}`, revisionNumber: 3 });
  const again = [set(revision, { revisionNumber: 3 }), set('b', { replicas: 0, revisionNumber: 2 })];
  expect(decide(observed({ sets: again })).actions.some(({ type }) => type === 'number-set')).toBe(false);
});

test('a crash counts once, also of an instance that has gone before anybody looked', () => {
  const crash = { instance: 'a', uid: 'u', phase: 'Failed', revision, createdAt: now, at: now };
  for (const seen of [{ crashesOfGone: [crash] }, { crashes: [crash], crashesOfGone: [crash] }]) {
    expect(decide(observed({ sets: [set(revision)], ...seen })).status.backOff?.crashes).toBe(1);
  }
});

/** Without the word about the image, which is new to an app without a status. */
function setActions(decision: Decision): Action[] {
  return instanceActions(decision).filter((action) => action.type !== 'event' || action.reason !== 'ImageBuilt');
}

/** As the operator itself makes it, and as it is after somebody has changed it. */
function changedSet(): { made: string; changed: ReturnType<typeof set> } {
  const created = decide(observed()).actions.find(
    (action) => action.type === 'apply' && action.resource.group === 'kubevirt.io',
  );
  const made = created?.type === 'apply' ? (created.object.metadata.annotations?.['osvapp.dev/applied'] ?? '') : '';
  return { made, changed: set(revision, { madeWith: made, contents: 'other', replicas: 1, revisionNumber: 4 }) };
}

test('a set that somebody has changed is brought back, its numbers as they are', () => {
  const { made, changed } = changedSet();
  const running = { instances: [instance(revision, 'a')] };
  const [action, ...others] = setActions(decide(observed({ ...running, sets: [changed] })));
  expect(action).toMatchObject({
    type: 'mend-set',
    found: 'other',
    set: {
      metadata: { name: changed.name, annotations: { 'osvapp.dev/revision-number': '4', 'osvapp.dev/applied': made } },
      spec: { replicas: 1, paused: false },
    },
  });
  expect(others).toEqual([]);
  const same = { ...changed, contents: made };
  expect(setActions(decide(observed({ ...running, sets: [same] })))).toEqual([]);
});

test('a set that another version of the operator made stays as it is, and a paused app too', () => {
  const { changed } = changedSet();
  const running = { instances: [instance(revision, 'a')] };
  for (const madeWith of [undefined, 'something else']) {
    expect(setActions(decide(observed({ ...running, sets: [{ ...changed, madeWith }] })))).toEqual([]);
  }
  const paused = observed({ ...running, sets: [changed], spec: { paused: true } });
  expect(setActions(decide(paused))).toEqual([]);
});

test('what a server makes of a set is accepted, and who changes it again is answered later', () => {
  const { changed } = changedSet();
  const mend = { at: now, times: 1, notBefore: new Date(now.getTime() + 7000) };
  const after = (contents: string) =>
    decide(
      observed({
        sets: [changed],
        instances: [instance(revision, 'a')],
        mends: new Map([[changed.uid, { ...mend, contents }]]),
      }),
    );
  expect(setActions(after('other'))).toEqual([]);
  expect(after('other').requeueAfterSeconds).toBeUndefined();
  expect(setActions(after('before'))).toEqual([]);
  expect(after('before').requeueAfterSeconds).toBe(7);
});

test('a finished image starts the first revision, its configuration before it', () => {
  const decision = decide(observed({ spec: { replicas: 2, args: ['--save', ''] } }));
  const kinds = instanceActions(decision).map((action) => action.type);
  expect(kinds).toEqual(['event', 'ensure-boot-secret', 'apply', 'event']);
  const secret = decision.actions.find((action) => action.type === 'ensure-boot-secret');
  expect(secret).toMatchObject({
    configuration: { arguments: ['/usr/bin/redis-server', '--save', ''], network: { interfaces: [{ dhcp: true }] } },
  });
  const apply = decision.actions.find((action) => action.type === 'apply' && action.resource.group === 'kubevirt.io');
  expect(apply).toMatchObject({
    object: {
      metadata: { ownerReferences: [{ uid: 'app-uid', controller: true }] },
      spec: { replicas: 2, paused: false, template: { spec: { domain: { memory: { guest: '128Mi' } } } } },
    },
  });
});

test('an app at rest is left alone', () => {
  const guests = new Map([['uid-a', { bootMilliseconds: 12.5, kernelVersion: '0.1.0' }]]);
  const first = decide(observed({ sets: [set(revision)], instances: [instance(revision, 'a')], guests }));
  const status = first.status;
  const owned = Object.fromEntries(
    first.actions.flatMap((action) => (action.type === 'apply' ? [[action.resource.plural, action.object]] : [])),
  );
  const again = decide(
    observed({
      sets: [set(revision)],
      instances: [instance(revision, 'a')],
      guests,
      status,
      owned: {
        service: owned.services,
        networkPolicy: owned.networkpolicies,
        disruptionBudget: undefined,
        podMonitor: undefined,
      },
    }),
  );
  expect(again).toEqual({ actions: [], status, requeueAfterSeconds: undefined });
  expect(condition(again, 'Available')).toMatchObject({ status: 'True', message: '1 of 1 instances are ready.' });
  expect(condition(again, 'Progressing')).toMatchObject({ status: 'True', reason: 'RolloutComplete' });
  expect(condition(again, 'MetricsFlowing')).toMatchObject({ status: 'True' });
  expect(again.status.instances).toEqual([
    { name: 'a', node: 'node-1', address: '10.244.0.9', phase: 'Running', bootMilliseconds: 12.5 },
  ]);
});

test('what an app names and is not there keeps it from starting, in words', () => {
  const missing = ['The Secret login does not exist; the variable PASSWORD takes its value from it.'];
  const decision = decide(observed({ referenced: { digest: 'x', environment: new Map(), missing } }));
  expect(instanceActions(decision).filter((action) => action.type !== 'event')).toEqual([]);
  expect(condition(decision, 'Degraded')).toMatchObject({ status: 'True', message: missing[0] });
});

test('instances that never came up are chosen when a set shrinks', () => {
  const instances = [instance(revision, 'a'), instance(revision, 'b', { ready: false }), instance(revision, 'c')];
  const shrink = (change: Parameters<typeof set>[1]) =>
    instanceActions(decide(observed({ spec: { replicas: 2 }, sets: [set(revision, change)], instances }))).filter(
      (action) => action.type !== 'event',
    );
  expect(shrink({ replicas: 3 })).toEqual([{ type: 'scale-set', set: `redis-${revision}`, replicas: 2, paused: true }]);
  expect(shrink({ replicas: 2, paused: true })).toEqual([]);
  expect(shrink({ replicas: 2, paused: true, pauseObserved: true })).toMatchObject([
    { type: 'delete', reference: { name: 'b' }, uid: 'uid-b' },
  ]);
});

test('a crash loop holds the set, says so, and lets it go on when the delay is over', () => {
  const crashes = [-30, -20, -1].map((seconds) => crash(revision, 'a', seconds));
  const failed = instance(revision, 'a', { phase: 'Failed', ready: false, leaving: true });
  const held = decide(observed({ sets: [set(revision)], instances: [failed], crashes }));
  expect(instanceActions(held)).toContainEqual({
    type: 'scale-set',
    set: `redis-${revision}`,
    replicas: 1,
    paused: true,
  });
  expect(condition(held, 'Degraded')).toMatchObject({ status: 'True', reason: 'CrashLoopBackOff' });
  expect(held.requeueAfterSeconds).toBe(19);
  expect(instanceActions(held)).toContainEqual(
    expect.objectContaining({ type: 'event', severity: 'Warning', reason: 'CrashLoopBackOff' }),
  );
  const later = observed({
    sets: [set(revision, { paused: true })],
    instances: [failed],
    crashes,
    status: held.status,
  });
  expect(instanceActions(decide(later)).filter(({ type }) => type === 'event')).toEqual([]);
  const free = decide({ ...later, now: new Date(now.getTime() + 20_000) });
  expect(instanceActions(free)).toContainEqual({
    type: 'scale-set',
    set: `redis-${revision}`,
    replicas: 1,
    paused: false,
  });
});

test('after the first crash the restart is KubeVirt’s, and then the set is held until the crash is forgotten', () => {
  const crashes = [crash(revision, 'a', -1)];
  const failed = instance(revision, 'a', { phase: 'Failed', ready: false, leaving: true });
  const scaled = (decision: Decision) => instanceActions(decision).filter(({ type }) => type === 'scale-set');
  expect(scaled(decide(observed({ sets: [set(revision)], instances: [failed], crashes })))).toEqual([]);
  const back = decide(observed({ sets: [set(revision)], instances: [failed, instance(revision, 'b')], crashes }));
  expect(scaled(back)).toMatchObject([{ replicas: 1, paused: true }]);
  expect(condition(back, 'Degraded')).toMatchObject({ status: 'False' });
  expect(back.requeueAfterSeconds).toBe(599);
  const later = observed({
    sets: [set(revision, { paused: true })],
    instances: [instance(revision, 'b')],
    status: back.status,
  });
  expect(scaled(decide({ ...later, now: new Date(now.getTime() + 600_000) }))).toMatchObject([{ paused: false }]);
});

test('an old revision that keeps crashing is held too while the rollout leaves it, and in a paused app', () => {
  const crashes = [-30, -20, -1].map((seconds) => crash('old', 'a', seconds));
  const failed = instance('old', 'a', { phase: 'Failed', ready: false, leaving: true });
  const scaled = (decision: Decision) => instanceActions(decision).filter(({ type }) => type === 'scale-set');
  const sets = [set('old'), set(revision, { revisionNumber: 2 })];
  const instances = [failed, instance(revision, 'b', { ready: false })];
  const decision = decide(observed({ sets, instances, crashes }));
  expect(scaled(decision)).toEqual([{ type: 'scale-set', set: 'redis-old', replicas: 1, paused: true }]);
  expect(decision.status).toMatchObject({ previousBackOff: { revision: 'old', crashes: 3 } });
  expect(decision.requeueAfterSeconds).toBeLessThanOrEqual(19);
  expect(condition(decision, 'Degraded')).toMatchObject({ status: 'False' });
  const paused = decide(observed({ spec: { paused: true }, sets: [set('old')], instances: [failed], crashes }));
  expect(scaled(paused)).toEqual([{ type: 'scale-set', set: 'redis-old', replicas: 1, paused: true }]);
});

test('a set that is held after crashes still shrinks', () => {
  const crashes = [-30, -20, -1].map((seconds) => crash(revision, 'a', seconds));
  const instances = [instance(revision, 'a'), instance(revision, 'b')];
  const sets = [set(revision, { replicas: 2, paused: true })];
  for (const replicas of [1, 0]) {
    const decision = decide(observed({ spec: { replicas }, sets, instances, crashes }));
    const scaled = instanceActions(decision).filter(({ type }) => type === 'scale-set');
    expect(scaled).toEqual([{ type: 'scale-set', set: `redis-${revision}`, replicas, paused: false }]);
  }
});

test('an instance that does not come up has its boot Secret looked at, again and again', () => {
  const waiting = (seconds: number) => {
    const createdAt = new Date(now.getTime() - seconds * 1000);
    const stuck = instance(revision, 'a', { phase: 'Scheduling', ready: false, createdAt });
    return decide(observed({ sets: [set(revision)], instances: [stuck] }));
  };
  const looks = (decision: Decision) => decision.actions.filter(({ type }) => type === 'ensure-boot-secret');
  expect(looks(waiting(5))).toEqual([]);
  expect(waiting(5).requeueAfterSeconds).toBe(10);
  expect(looks(waiting(20))).toMatchObject([{ name: `redis-${revision}-boot` }]);
  expect(waiting(20).requeueAfterSeconds).toBe(15);
});

test('old revisions beyond the history go, with their configuration', () => {
  const old = ['a', 'b', 'c'].map((name, index) => set(name, { replicas: 0, revisionNumber: index + 1 }));
  const decision = decide(
    observed({
      spec: { revisionHistoryLimit: 2 },
      sets: [...old, set(revision, { revisionNumber: 4 })],
      instances: [instance(revision, 'x')],
    }),
  );
  expect(decision.actions.filter(({ type }) => type === 'delete')).toMatchObject([
    { reference: { name: 'redis-a' }, uid: 'uid-a' },
    { reference: { name: 'redis-a-boot' } },
  ]);
});

test('a paused app rolls nothing out, but follows its replicas', () => {
  const sets = [set('old', { replicas: 2 })];
  const instances = [instance('old', 'a'), instance('old', 'b')];
  const decision = decide(observed({ spec: { paused: true, replicas: 3 }, sets, instances }));
  expect(instanceActions(decision).filter((action) => action.type !== 'event')).toEqual([
    { type: 'scale-set', set: 'redis-old', replicas: 3, paused: false },
  ]);
  expect(condition(decision, 'Progressing')).toMatchObject({ reason: 'Paused' });
});

/** Passes one after the other, each so many minutes after the first, with the status that the one before has left. */
function passes(given: Parameters<typeof observed>[0], ...minutes: number[]): Decision[] {
  let status: AppStatus | undefined = given?.status;
  return minutes.map((minute) => {
    const at = new Date(now.getTime() + minute * 60_000);
    const decision = decide(observed({ ...given, ...(status ? { status } : {}), now: at }));
    status = decision.status;
    return decision;
  });
}

test('a rollout that makes no progress for 10 minutes is told of when they are over', () => {
  const given = { sets: [set(revision)], instances: [instance(revision, 'a', { ready: false })] };
  const [first, , late] = passes(given, 0, 5, 10);
  expect(first?.requeueAfterSeconds).toBeLessThanOrEqual(600);
  expect(late && condition(late, 'Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
});

test('a rollout back to an old revision has its 10 minutes too', () => {
  const given = {
    sets: [set(revision, { replicas: 0 }), set('newer', { revisionNumber: 2 })],
    instances: [instance('newer', 'b')],
  };
  const decisions = passes(given, 0, 1, 9);
  const reasonsOf = decisions.map((decision) => condition(decision, 'Progressing')?.reason);
  expect(reasonsOf).toEqual(['RollingOut', 'RollingOut', 'RollingOut']);
});

test('each instance that becomes ready gives a rollout 10 minutes more', () => {
  const given = { spec: { replicas: 3 }, sets: [set(revision, { replicas: 3 })] };
  const unready = instance(revision, 'b', { ready: false });
  const [, before] = passes({ ...given, instances: [instance(revision, 'a'), unready] }, 0, 8);
  const ready = [instance(revision, 'a'), instance(revision, 'b')];
  const [, after] = passes({ ...given, instances: ready, ...(before ? { status: before.status } : {}) }, 9, 18);
  expect(after && condition(after, 'Progressing')).toMatchObject({ status: 'True', reason: 'RollingOut' });
});
