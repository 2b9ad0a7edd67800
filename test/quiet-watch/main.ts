// `npm run quiet-watch`: on a real API server, a watch of a resource on which nothing happens for more than two minutes
// must still tell of what happens then. Takes three minutes, so it is no part of `npm test`. Beside it runs the watch of
// the client library, whose end after 30 quiet seconds is why ours exists; when that changes, this says so.
import { KubeConfig, Watch } from '@kubernetes/client-node';
import { createApiClient, resources } from '@osv/operator/kubernetes';
import { Reflector, silentLogger } from '@osv/operator/reconcile-runtime';
import { waitUntil } from '../cluster/processes/wait-until.ts';
import { startCluster } from '../cluster/start.ts';

const quietSeconds = 150;
const { configMaps } = resources;

const cluster = await startCluster({ progress: (line) => console.error(line) });
const stop = new AbortController();
try {
  const client = createApiClient({ kubeconfig: cluster.kubeconfig, fieldManager: 'test', userAgent: 'quiet-watch' });
  let [watches, bookmarks] = [0, 0];
  const counted: Pick<typeof client, 'list' | 'watch'> = {
    list: client.list.bind(client),
    async *watch(resource, options) {
      watches += 1;
      for await (const event of client.watch(resource, options)) {
        if (event.type === 'BOOKMARK') bookmarks += 1;
        yield event;
      }
    },
  };
  const namespace = 'default';
  const reflector = new Reflector({ client: counted, resource: configMaps, namespace, logger: silentLogger });
  const following = reflector.start(stop.signal);
  await reflector.cache.synced();
  const seenAt = performance.now();
  const libraryEndedAfter = libraryWatch(cluster.kubeconfig);
  const isOver = async () => performance.now() - seenAt > quietSeconds * 1000;
  await waitUntil(`${quietSeconds} s are over`, isOver, { secondsMax: quietSeconds + 30, pauseMilliseconds: 1000 });
  await client.create(configMaps, { metadata: { namespace, name: 'late' } });
  const isSeen = async () => reflector.cache.get({ namespace, name: 'late' }) !== undefined;
  await waitUntil('the late object is seen', isSeen, { secondsMax: 5 });
  console.log(
    `Ours: ${watches} watch over ${quietSeconds} quiet seconds, ${bookmarks} bookmarks; the late object was seen.`,
  );
  const ended = await Promise.race([libraryEndedAfter, Promise.resolve(undefined)]);
  console.log(ended === undefined ? 'The library’s still runs.' : `The library’s ended after ${ended.toFixed(0)} s.`);
  if (watches !== 1) process.exitCode = 1;
  stop.abort();
  await following;
  await client.close();
} finally {
  await cluster.stop();
}

/** Seconds until the library's watch of the same resource ends. */
function libraryWatch(kubeconfig: string): Promise<number> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const done = () => resolve((performance.now() - startedAt) / 1000);
    void new Watch(config).watch('/api/v1/namespaces/default/configmaps', { resourceVersion: '' }, () => {}, done);
  });
}
