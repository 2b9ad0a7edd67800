import { expect, test } from 'vitest';
import { resources, type Secret } from '../kubernetes/index.ts';
import { MemoryClient } from '../testing/memory-client.ts';
import { act, type Effects, stepsOf } from './act.ts';
import { decide } from './decide.ts';
import type { Action } from './model.ts';
import { ownerReference } from './objects/owner.ts';
import { volumeClaims } from './objects/volume-claim.ts';
import { observed } from './testing/observed.ts';

const names = (actions: readonly Action[]) =>
  actions.map((action) => (action.type === 'apply' ? action.resource.plural : action.type));

test('what instances need goes before them at once, and the rest after them', () => {
  const { actions } = decide(observed({ spec: { replicas: 2 } }), { managementPeers: [] });
  expect(stepsOf(actions).map(names)).toEqual([
    ['event', 'networkpolicies', 'ensure-boot-secret'],
    ['virtualmachineinstancereplicasets'],
    ['event', 'services', 'poddisruptionbudgets'],
  ]);
});

test('what moves instances stays in order', () => {
  const scale = (set: string): Action => ({ type: 'scale-set', set, replicas: 1, paused: false });
  const remove: Action = { type: 'delete', resource: resources.virtualMachineInstances, reference: { name: 'a' } };
  expect(stepsOf([scale('a'), scale('b'), remove]).map(names)).toEqual([['scale-set'], ['scale-set'], ['delete']]);
});

test('a claim is made where there is none, used where there is one, and never taken from another app', async () => {
  const client = new MemoryClient();
  const ensure = async (owner: string, volume: string) => {
    const { app } = observed();
    const named = { ...app, metadata: { ...app.metadata, name: owner } };
    const volumes = [{ name: volume, mountPath: '/data', size: '1Gi' }];
    const claims = volumeClaims({ name: owner, namespace: 'shop', uid: 'app-uid' }, { volumes }, 0);
    const actions = claims.map((claim): Action => ({ type: 'ensure-claim', claim }));
    await act({ client } as Partial<Effects> as Effects, named, actions);
  };
  await ensure('redis', 'a-b');
  await ensure('redis', 'a-b');
  expect(client.calls.map(({ verb, name }) => [verb, name])).toEqual([
    ['get', 'redis-a-b-0'],
    ['create', 'redis-a-b-0'],
    ['get', 'redis-a-b-0'],
  ]);
  await expect(ensure('redis-a', 'b')).rejects.toThrow(
    'The PersistentVolumeClaim redis-a-b-0 holds data of the OsvApp redis; give the app or its volume another name.',
  );
  const restored = { metadata: { namespace: 'shop', name: 'restored-data-0' } };
  await client.create(resources.persistentVolumeClaims, restored);
  await ensure('restored', 'data');
  expect(client.calls.at(-1)).toMatchObject({ verb: 'get', name: 'restored-data-0' });
});

test('an app does not boot with the token of one that had its name and is going', async () => {
  const { app } = observed();
  const secrets = decide(observed(), { managementPeers: [] }).actions.filter(
    ({ type }) => type === 'ensure-boot-secret',
  );
  const client = new MemoryClient();
  const effects = { client, wrote() {} } as unknown as Effects;
  const left: Secret = {
    metadata: {
      name: 'redis-management',
      namespace: 'shop',
      ownerReferences: [ownerReference({ name: 'redis', namespace: 'shop', uid: 'uid of before' })],
    },
    data: { token: Buffer.from('0'.repeat(64)).toString('base64') },
  };
  await client.create(resources.secrets, left);
  await expect(act(effects, app, secrets)).rejects.toMatchObject({ code: 'foreign-object' });
  await client.delete(resources.secrets, left.metadata);
  await act(effects, app, secrets);
  const made = await client.get(resources.secrets, { namespace: 'shop', name: 'redis-management' });
  expect(made?.data?.token).not.toBe(left.data?.token);
});
