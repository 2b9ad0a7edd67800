import { expect, test } from 'vitest';
import { type ConfigMap, resources } from '../kubernetes/index.ts';
import { MemoryClient } from '../testing/memory-client.ts';
import { addFinalizer, hasFinalizer, isBeingDeleted, removeFinalizer } from './finalizer.ts';

const { configMaps } = resources;
const reference = { namespace: 'shop', name: 'a' };
const finalizer = 'osvapp.dev/cleanup';

async function made(finalizers: string[] = []) {
  const client = new MemoryClient();
  const object = await client.create(configMaps, { metadata: { ...reference, finalizers } });
  return { client, object };
}

test('it is added once, beside others', async () => {
  const { client, object } = await made(['other/one']);
  const added = await addFinalizer(client, configMaps, object, finalizer);
  expect(added.metadata.finalizers).toEqual(['other/one', finalizer]);
  const calls = client.calls.length;
  expect(await addFinalizer(client, configMaps, added, finalizer)).toBe(added);
  expect(client.calls).toHaveLength(calls);
});

test('an object with it waits for its removal, and then goes', async () => {
  const { client, object } = await made();
  await addFinalizer(client, configMaps, object, finalizer);
  await client.delete(configMaps, reference);
  const waiting = (await client.get(configMaps, reference)) as ConfigMap;
  expect([isBeingDeleted(waiting), hasFinalizer(waiting, finalizer)]).toEqual([true, true]);
  await removeFinalizer(client, configMaps, waiting, finalizer);
  expect(await client.get(configMaps, reference)).toBeUndefined();
});

test('an object that changed since it was read is left to the next look', async () => {
  const { client, object } = await made(['other/one', finalizer]);
  await client.mergePatch(configMaps, reference, { metadata: { finalizers: ['other/one', finalizer, 'third/one'] } });
  await expect(removeFinalizer(client, configMaps, object, finalizer)).rejects.toMatchObject({ code: 'conflict' });
  expect((await client.get(configMaps, reference))?.metadata.finalizers).toContain('third/one');
});

test('an object that is being deleted takes no new one', async () => {
  const { client, object } = await made(['other/one']);
  await client.delete(configMaps, reference);
  const dying = (await client.get(configMaps, reference)) ?? object;
  await expect(addFinalizer(client, configMaps, dying, finalizer)).rejects.toMatchObject({ code: 'conflict' });
});

test('one that is gone needs no removal', async () => {
  const { client, object } = await made([finalizer]);
  client.objects.for(configMaps).patch(reference, { metadata: { finalizers: [] } });
  await client.delete(configMaps, reference);
  expect(await removeFinalizer(client, configMaps, object, finalizer)).toBeUndefined();
});
