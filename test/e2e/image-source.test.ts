import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../image-builder/testing/folders.ts';
import { type LayerEntry, pushTestImage } from '../../image-builder/testing/oci-image.ts';
import { startRegistry } from '../../image-builder/testing/registry.ts';
import { Osv, root, tool } from './support/osv.ts';

const folder = temporaryFolder();
const osv = Osv.create();
const app = join(folder, 'redis.yaml');
let registry: string;

/** The files that a dynamic program of this machine needs, under the names by which it asks for them. */
function libraries(program: string): LayerEntry[] {
  const lines = tool('ldd', [program]).split('\n');
  const paths = lines.flatMap((line) => /(?:=> )?(\/\S+) \(0x/.exec(line)?.[1] ?? []);
  return paths.map((path) => [path.slice(1), readFileSync(path)]);
}

beforeAll(async () => {
  registry = await startRegistry();
  const program = '/usr/bin/redis-server';
  const base: LayerEntry[] = [
    ['etc/passwd', 'root:x:0:0::/root:/bin/sh\nredis:x:999:999::/data:/bin/sh\n'],
    ['usr/bin/redis-server', 'an older one'],
    ['data/', { type: 'directory', mode: 0o755 }],
    ['data/dump.rdb', 'what the layer above removes; Redis would refuse to read it'],
    ...libraries(program),
  ];
  const upper: LayerEntry[] = [
    ['usr/bin/redis-server', readFileSync(program)],
    ['data/.wh.dump.rdb', ''],
  ];
  const config = {
    Entrypoint: ['redis-server'],
    Cmd: ['--save', '', '--protected-mode', 'no', '--bind', '0.0.0.0'],
    User: 'redis',
    WorkingDir: '/data',
  };
  await pushTestImage(join(folder, 'redis'), `${registry}/redis:7`, { layers: [base, upper], config });
  const text = readFileSync(join(root, 'examples/redis.yaml'), 'utf8');
  const source = `image: {reference: '${registry}/redis:7'}`;
  const own = text.replace(/packages: .*/, source).replace(/^ {2}(command|args): .*\n/gm, '');
  writeFileSync(app, own);
});

test('a container image of Redis runs as it would in a container', async () => {
  const result = await osv.run(['up', app]);
  expect(result.code, result.stderr).toBe(0);
  const address = (await osv.instances())[0]?.address ?? '';
  expect(tool('redis-cli', ['-h', address, 'ping'])).toBe('PONG\n');
  expect(tool('redis-cli', ['-h', address, 'config', 'get', 'dir'])).toBe('dir\n/data\n');
  await osv.must('stop', 'redis');
});

test('what is built is pushed', async () => {
  const result = await osv.run(['build', '-o', 'json', '--push', `${registry}/built:1`, app]);
  expect(result.code, result.stderr).toBe(0);
  const [image] = JSON.parse(result.stdout.toString());
  expect(image.pushed).toBe(`${registry}/built@${image.digest}`);
  expect(result.stderr).toContain(`redis: pushed ${image.pushed}`);
  const missing = await osv.run(['build', '--push', `${registry}/Not:1`, app]);
  expect(missing.code).toBe(125);
  expect(missing.stderr).toMatch(/names no image/);
});
