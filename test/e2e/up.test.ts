import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Osv, root, tool } from './support/osv.ts';

const osv = Osv.create();
const redis = join(root, 'examples', 'redis.yaml');

async function addressOf(name: string): Promise<string> {
  const record = (await osv.instances()).find((instance) => instance.name === name);
  if (!record?.address) throw new Error(`${name} has no address`);
  return record.address;
}

test('Redis answers when up returns', async () => {
  const result = await osv.run(['up', redis]);
  expect(result.code, result.stderr).toBe(0);
  expect(result.stdout.toString()).toMatch(/^NAME .*\nredis-0 +Running +127\./);
  const address = await addressOf('redis-0');
  expect(result.stderr).toContain(`metrics: http://${address}:9180/metrics`);
  expect(tool('redis-cli', ['-h', address, 'ping'])).toBe('PONG\n');
  expect(tool('redis-cli', ['-h', address, 'set', 'a', 'b'])).toBe('OK\n');
  expect(tool('redis-cli', ['-h', address, 'get', 'a'])).toBe('b\n');
  expect(await osv.must('logs', 'redis')).toContain('Ready to accept connections');
});

test('a second up changes nothing', async () => {
  const before = (await osv.instances()).map(({ startedAt }) => startedAt);
  await osv.must('up', redis);
  expect((await osv.instances()).map(({ startedAt }) => startedAt)).toEqual(before);
});

test('promtool finds nothing wrong with the metrics, and they tell what Redis did', async () => {
  const url = `http://${await addressOf('redis-0')}:9180/metrics`;
  const metrics = await (await fetch(url)).text();
  expect(tool('promtool', ['check', 'metrics'], metrics)).toBe('');
  for (const name of ['osv_boot_seconds', 'osv_context_switches_total', 'osv_syscalls_total{name="epoll_wait"}']) {
    expect(metrics).toContain(name);
  }
  const openMetrics = await fetch(url, { headers: { accept: 'application/openmetrics-text; version=1.0.0' } });
  expect(openMetrics.headers.get('content-type')).toContain('application/openmetrics-text');
  expect(await openMetrics.text()).toMatch(/# EOF\n$/);
});

test('everything but metrics and health needs the token', async () => {
  const base = `http://${await addressOf('redis-0')}:9180`;
  expect((await fetch(`${base}/health`)).status).toBe(200);
  expect((await fetch(`${base}/api/v1/threads`)).status).toBe(401);
  expect((await fetch(`${base}/api/v1/threads`, { headers: { authorization: 'Bearer 00' } })).status).toBe(401);
});

test('the kernel checked itself', async () => {
  const checks = JSON.parse(await osv.must('check', '--kernel', '-o', 'json', 'redis'));
  expect(checks.length).toBeGreaterThan(3);
  for (const check of checks) expect(check).toMatchObject({ instance: 'redis-0', passed: true });
});

test('top shows what it uses', async () => {
  const [row] = JSON.parse(await osv.must('top', '--interval', '1', '-o', 'json', 'redis'));
  expect(row.name).toBe('redis-0');
  expect(row.usage.memoryUsedBytes).toBeGreaterThan(0);
  expect(row.usage.memoryUsedBytes).toBeLessThan(row.usage.memorySizeBytes);
  expect(row.usage.threads).toBeGreaterThan(0);
});

test('a real Prometheus reads it', async () => {
  await osv.must('up', '--prometheus', redis);
  const base = `http://${await addressOf('prometheus')}:9090`;
  const query = async () => {
    const response = await fetch(
      `${base}/api/v1/query?query=${encodeURIComponent('osv_uptime_seconds{instance="redis-0"}')}`,
    );
    return ((await response.json()) as { data: { result: unknown[] } }).data.result.length;
  };
  await expect.poll(query, { timeout: 60_000, interval: 500 }).toBe(1);
  const targets = (await (await fetch(`${base}/api/v1/targets`)).json()) as {
    data: { activeTargets: { health: string }[] };
  };
  expect(targets.data.activeTargets.map(({ health }) => health)).toEqual(['up']);
});

test('stop ends all of it, keeps the logs, and leaves no process and no address', async () => {
  const address = await addressOf('redis-0');
  expect((await osv.must('stop', 'redis', 'prometheus')).split('\n').sort()).toEqual(['', 'prometheus', 'redis-0']);
  expect(osv.processes()).toEqual([]);
  expect(osv.addresses()).toEqual([]);
  await expect(fetch(`http://${address}:9180/health`)).rejects.toThrow();
  expect(await osv.must('logs', 'redis')).toContain('User requested shutdown');
  for (const name of ['redis-0', 'prometheus']) {
    const record = (await osv.instances()).find((one) => one.name === name);
    expect(record?.exit).toMatchObject({ code: 0, reason: 'stopped' });
  }
  await osv.must('rm', 'redis', 'prometheus');
  expect(await osv.instances()).toEqual([]);
});
