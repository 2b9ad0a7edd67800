import { createHash } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import type { Cluster } from '../cluster/cluster.ts';
import { sharedCluster } from './support/shared-cluster.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await sharedCluster();
});

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

async function pushBlob(repository: string, content: string): Promise<{ digest: string; size: number }> {
  const begun = await fetch(`http://${cluster.registry.host}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
  const location = new URL(begun.headers.get('location') as string, `http://${cluster.registry.host}`);
  location.searchParams.set('digest', digestOf(content));
  expect((await fetch(location, { method: 'PUT', body: content })).status).toBe(201);
  return { digest: digestOf(content), size: Buffer.byteLength(content) };
}

test('takes an image, gives it back by its digest, and lets it be deleted', async () => {
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', ...(await pushBlob('test/one', '{}')) };
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config, layers: [] });
  const at = (reference: string) => `http://${cluster.registry.host}/v2/test/one/manifests/${reference}`;
  const pushed = await fetch(at('latest'), { method: 'PUT', headers: { 'content-type': mediaType }, body: manifest });
  expect(pushed.status).toBe(201);
  const digest = digestOf(manifest);
  const got = await fetch(at(digest), { headers: { accept: mediaType } });
  expect(await got.text()).toBe(manifest);
  expect((await fetch(at(digest), { method: 'DELETE' })).status).toBe(202);
  expect((await fetch(at(digest), { headers: { accept: mediaType } })).status).toBe(404);
});
