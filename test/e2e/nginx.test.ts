import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Osv, root } from './support/osv.ts';

const osv = Osv.create();
const example = join(root, 'examples', 'nginx.yaml');

/** Asks the instance that runs now. */
async function client(): Promise<(path: string) => Promise<{ status: number; body: string }>> {
  const record = (await osv.instances()).find(({ name }) => name === 'nginx-0');
  return async (path) => {
    const response = await fetch(`http://${record?.address}${path}`);
    return { status: response.status, body: await response.text() };
  };
}

test('nginx serves the page of a ConfigMap by the configuration of another', async () => {
  await osv.must('up', example);
  const get = await client();
  expect(await get('/')).toEqual({ status: 200, body: expect.stringContaining('Served by a unikernel.') });
  expect((await get('/none')).status).toBe(404);
  expect(await osv.must('logs', 'nginx')).toMatch(/"GET \/none HTTP\/1.1" 404/);
});

test('a page that changed in the file is served after the next up', async () => {
  const changed = join(osv.state, 'nginx.yaml');
  writeFileSync(changed, readFileSync(example, 'utf8').replace('Served by', 'Changed in'));
  await osv.must('up', changed);
  const get = await client();
  const answers = await Promise.all(Array.from({ length: 50 }, () => get('/')));
  for (const { status, body } of answers) expect([status, body]).toEqual([200, expect.stringContaining('Changed in')]);
  await osv.must('stop', 'nginx');
  expect((await osv.instances())[0]?.exit).toMatchObject({ code: 0, reason: 'stopped' });
});

test('up tells of a server that listens and lacks its processes', async () => {
  const forking = join(osv.state, 'forking.yaml');
  const text = readFileSync(example, 'utf8');
  const probe = 'httpGet: {port: 80, path: /}';
  writeFileSync(forking, text.replace('master_process off;', '').replace(probe, 'tcpSocket: {port: 80}'));
  const { code, stderr } = await osv.run(['up', forking]);
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('nginx-0: The program tried to start another process (fork), which a unikernel does not');
});
