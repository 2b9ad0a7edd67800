import { expect, test } from 'vitest';
import { sharedCluster } from './support/shared-cluster.ts';

test('Prometheus takes a configuration while it runs, scrapes by it, and says what is wrong with a bad one', async () => {
  const { prometheus } = await sharedCluster();
  if (!prometheus) throw new Error('the shared cluster has no Prometheus');
  const itself = { job_name: 'itself', static_configs: [{ targets: [new URL(prometheus.url).host] }] };
  await prometheus.configure({ global: { scrape_interval: '1s' }, scrape_configs: [itself] });
  const query = async () => {
    const answer = await fetch(`${prometheus.url}/api/v1/query?query=${encodeURIComponent('up{job="itself"}')}`);
    const body = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return body.data.result.map(({ value }) => value[1]);
  };
  await expect.poll(query, { timeout: 30_000 }).toEqual(['1']);
  await expect(prometheus.configure({ scrape_configs: [{ no_such_field: 1 }] })).rejects.toThrow(/no_such_field/);
});
