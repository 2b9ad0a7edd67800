import { expect, test } from 'vitest';
import { ApiError, type Event, type OsvApp, resources } from '../kubernetes/index.ts';
import { silentLogger } from '../logger.ts';
import { FakeClock, settle } from '../testing/fake-clock.ts';
import { MemoryClient } from '../testing/memory-client.ts';
import { EventRecorder } from './event-recorder.ts';
import { noRuntimeMetrics } from './metrics.ts';

const failed = { type: 'Warning', reason: 'BuildFailed', message: 'The archive is no zip.', action: 'Build' } as const;
const app = (name: string) =>
  ({
    metadata: { namespace: 'shop', name, uid: `uid-of-${name}`, resourceVersion: '7' },
    spec: { source: {} },
  }) as OsvApp;
const about = (name: string) => ({ resource: resources.osvApps, object: app(name) });

function make() {
  const clock = new FakeClock();
  const client = new MemoryClient({ now: () => clock.now() });
  let dropped = 0;
  let counter = 0;
  const recorder = new EventRecorder({
    client,
    controller: 'osvapp.dev/operator',
    instance: 'operator-1',
    logger: silentLogger,
    metrics: { ...noRuntimeMetrics, eventDropped: () => void dropped++ },
    clock,
    random: () => ++counter / 100_000,
  });
  const events = async (): Promise<Event[]> => (await client.list(resources.events)).items;
  return { clock, client, recorder, events, dropped: () => dropped };
}

test('an event says what happened to which object, and who says so', async () => {
  const { recorder, events } = make();
  recorder.record(about('redis'), failed);
  await recorder.flush();
  const [event] = await events();
  expect(event).toMatchObject({
    type: 'Warning',
    reason: 'BuildFailed',
    action: 'Build',
    note: 'The archive is no zip.',
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'osvapp.dev/operator',
    reportingInstance: 'operator-1',
    regarding: {
      apiVersion: 'osvapp.dev/v1alpha1',
      kind: 'OsvApp',
      namespace: 'shop',
      name: 'redis',
      uid: 'uid-of-redis',
    },
  });
  expect(event?.metadata.name).toMatch(/^redis\.[0-9a-f]+$/);
  expect(event?.metadata.namespace).toBe('shop');
});

test('equal events become one with a count, written once a minute', async () => {
  const { clock, client, recorder, events } = make();
  for (let second = 0; second < 20; second++) {
    recorder.record(about('redis'), failed);
    await clock.advance(1000);
  }
  expect(client.calls.map(({ verb }) => verb)).toEqual(['create', 'patch']);
  await recorder.flush();
  expect((await events()).map(({ series }) => series)).toEqual([
    { count: 20, lastObservedTime: '2026-01-01T00:00:19.000000Z' },
  ]);
});

test('after ten quiet minutes the same event is a new one', async () => {
  const { clock, recorder, events } = make();
  recorder.record(about('redis'), failed);
  await clock.advance(10 * 60_000);
  recorder.record(about('redis'), failed);
  await recorder.flush();
  expect(await events()).toHaveLength(2);
});

test('a series whose event has expired on the server goes on in a new one', async () => {
  const { clock, client, recorder, events } = make();
  recorder.record(about('redis'), failed);
  await clock.advance(0);
  const [first] = await events();
  await client.delete(resources.events, first?.metadata ?? { name: '' });
  recorder.record(about('redis'), failed);
  await recorder.flush();
  expect(await events()).toMatchObject([{ series: { count: 2 } }]);
});

test('many different messages of one reason are combined', async () => {
  const { recorder, events } = make();
  for (let index = 0; index < 15; index++) {
    recorder.record(about('redis'), { ...failed, message: `Attempt ${index} failed.` });
  }
  await recorder.flush();
  const notes = (await events()).map(({ note }) => note);
  expect(notes).toHaveLength(11);
  expect(notes).toContain('(combined from similar events): Attempt 0 failed.');
});

test('an object that makes too many events is silenced, others are not', async () => {
  const { clock, recorder, events, dropped } = make();
  for (let index = 0; index < 40; index++) recorder.record(about('noisy'), { ...failed, reason: `Reason${index}` });
  recorder.record(about('calm'), failed);
  await recorder.flush();
  expect(await events()).toHaveLength(26);
  expect(dropped()).toBe(15);
  await clock.advance(5 * 60_000);
  recorder.record(about('noisy'), { ...failed, reason: 'Later' });
  await recorder.flush();
  expect(await events()).toHaveLength(27);
});

test('an event that is refused is dropped, and the next one is written', async () => {
  const { client, recorder, events, dropped } = make();
  client.fail(({ verb }) => verb === 'create', new ApiError('a fault of the test', { status: 403 }), 1);
  recorder.record(about('redis'), failed);
  recorder.record(about('other'), failed);
  await recorder.flush();
  expect(dropped()).toBe(1);
  expect(await events()).toHaveLength(1);
});

test('a long message is cut to what the server takes', async () => {
  const { recorder, events } = make();
  recorder.record(about('redis'), { ...failed, message: 'ü'.repeat(2000) });
  await recorder.flush();
  const note = (await events())[0]?.note ?? '';
  expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
  expect(note).toMatch(/^ü+…$/);
});

test('an event that comes just as the last one has been written is written too', async () => {
  for (let turns = 0; turns < 12; turns += 1) {
    const { client, recorder, events } = make();
    const create = client.create.bind(client);
    client.create = (resource, object) => {
      const created = create(resource, object);
      if (object.metadata.name.startsWith('redis')) {
        void created.then(async () => {
          for (let turn = 0; turn < turns; turn += 1) await undefined;
          recorder.record(about('cache'), failed);
        });
      }
      return created;
    };
    recorder.record(about('redis'), failed);
    await settle();
    expect(await events(), `${turns} turns later`).toHaveLength(2);
  }
});

test('a series that is made anew again and again keeps its name short', async () => {
  const { clock, client, recorder, events } = make();
  for (let count = 0; count < 200; count += 1) {
    recorder.record(about('redis'), failed);
    await recorder.flush();
    for (const { metadata } of await events()) await client.delete(resources.events, metadata);
    await clock.advance(5 * 60_000);
  }
  recorder.record(about('redis'), failed);
  await recorder.flush();
  const [event] = await events();
  expect(event?.metadata.name.length).toBeLessThan(60);
});
