import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { type BuiltImage, buildImage } from '../index.ts';
import { parseReference } from '../registry/reference.ts';
import { temporaryFolder, writeFiles } from '../testing/folders.ts';
import { startRegistry } from '../testing/registry.ts';
import { exists, pushLayout } from './registry.ts';

const folder = temporaryFolder();
let registry: string;
let image: BuiltImage;

beforeAll(async () => {
  registry = await startRegistry();
  const kernelPath = join(folder, 'osv.elf');
  writeFileSync(kernelPath, 'a kernel');
  writeFiles(join(folder, 'source'), { 'etc/a': 'a', 'usr/bin/x': 'x' });
  const source = { kind: 'directory', path: join(folder, 'source') } as const;
  image = await buildImage(source, { kernelPath, cacheDirectory: join(folder, 'cache') });
});

function push(target: string, access = {}): Promise<string> {
  return pushLayout(image.ociLayoutPath, image.manifest.digest, parseReference(target), { access });
}

test('an image has the same digest in the registry, and is found by tag and by digest', async () => {
  expect(await exists(`${registry}/apps/site:1`)).toBeUndefined();
  const reference = await push(`${registry}/apps/site:1`);
  expect(reference).toBe(`${registry}/apps/site@${image.manifest.digest}`);
  expect(await exists(`${registry}/apps/site:1`)).toBe(image.manifest.digest);
  expect(await exists(reference)).toBe(image.manifest.digest);
  expect(await exists(`${registry}/apps/site:2`)).toBeUndefined();
  expect(await push(`${registry}/apps/site:1`)).toBe(reference);
});

test('what comes back is a containerDisk and a kernelBoot image', async () => {
  const reference = await push(`${registry}/apps/site:1`);
  const layout = join(folder, 'pulled');
  execFileSync('skopeo', ['copy', '-q', '--src-tls-verify=false', `docker://${reference}`, `dir:${layout}`]);
  const manifest = JSON.parse(readFileSync(join(layout, 'manifest.json'), 'utf8'));
  const root = join(folder, 'container');
  mkdirSync(root);
  for (const { digest } of manifest.layers) {
    execFileSync('tar', ['-C', root, '--same-owner', '-xpf', join(layout, digest.replace('sha256:', ''))]);
  }
  expect(readdirSync(join(root, 'disk'))).toEqual(['root.img']);
  expect(readFileSync(join(root, 'boot/osv.elf'), 'utf8')).toBe('a kernel');
  const bytes = readFileSync(join(root, 'disk/root.img'));
  expect(bytes.equals(readFileSync(image.rootImagePath))).toBe(true);
  // The user of QEMU in KubeVirt's pods, without any other right (docs of containerDisk).
  const listed = execFileSync('stat', ['-c', '%u:%g %a', join(root, 'disk/root.img')], { encoding: 'utf8' });
  expect(listed).toBe('107:107 444\n');
});

test('a registry that is not there is said to be unreachable', async () => {
  await expect(exists('127.0.0.1:1/x:1')).rejects.toMatchObject({
    code: 'registry',
    message: expect.stringMatching(/127\.0\.0\.1:1 failed for .*refused/),
  });
});

test('credentials and certificates are asked for, and taken from files', async () => {
  const [certificate, key] = [join(folder, 'certs/ca.crt'), join(folder, 'key.pem')];
  mkdirSync(join(folder, 'certs'));
  const subject = ['-subj', '/CN=registry', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
  // bcrypt of `secret`, with the least cost there is.
  const htpasswd = 'builder:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a';
  const closed = await startRegistry({ tls: { certificate, key }, htpasswd });
  const authFile = join(folder, 'auth.json');
  const auths = (password: string) =>
    JSON.stringify({ auths: { [closed]: { auth: Buffer.from(`builder:${password}`).toString('base64') } } });
  writeFileSync(authFile, auths('secret'));
  const access = { authFile, certificateDirectory: join(folder, 'certs') };
  const reference = await push(`${closed}/site:1`, access);
  expect(await exists(reference, { access })).toBe(image.manifest.digest);
  await expect(push(`${closed}/site:1`)).rejects.toMatchObject({ code: 'registry-denied' });
  writeFileSync(authFile, auths('wrong'));
  await expect(exists(reference, { access })).rejects.toMatchObject({ code: 'registry-denied' });
});
