import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultCacheDirectory } from '../cache/image-cache.ts';
import { runInRoot, temporaryFolder } from '../testing/folders.ts';
import { pushTestImage } from '../testing/oci-image.ts';
import { startRegistry } from '../testing/registry.ts';
import { type ComposedImage, composeImage } from './compose.ts';
import { productionPackages } from './production-packages.ts';
import { debianCodename } from './program-tree.ts';
import { recipes } from './recipes.ts';

const checkout = join(import.meta.dirname, '../..');
const folder = temporaryFolder();
const kernelPath = join(folder, 'osv.elf');
/** The images are made of the packages of a Debian release. */
const isDebian = await debianCodename().then(
  () => true,
  () => false,
);
const isRoot = process.getuid?.() === 0;

function compose(directory: string): Promise<ComposedImage> {
  writeFileSync(kernelPath, 'a kernel');
  const builder = recipes.find(({ name }) => name === 'osv-builder');
  if (!builder) throw new Error('there is no builder');
  const aptDirectory = join(defaultCacheDirectory(process.env), 'apt');
  const options = { root: checkout, kernelPath, aptDirectory, compressionLevel: 1 };
  return composeImage(builder, join(folder, directory), options);
}

function unpack({ layoutPath, digest }: ComposedImage): string {
  const root = join(folder, 'root');
  mkdirSync(root);
  const blob = (name: string) => join(layoutPath, 'blobs', name.replace(':', '/'));
  const { layers } = JSON.parse(readFileSync(blob(digest), 'utf8')) as { layers: { digest: string }[] };
  for (const layer of layers) execFileSync('tar', ['-C', root, '-xzf', blob(layer.digest)]);
  return root;
}

test('only what runs in production comes along', () => {
  const { packages, workspaces } = productionPackages(checkout, 'image-builder');
  expect(workspaces).toEqual(['contracts', 'image-builder']);
  const names = packages.map(({ name }) => name);
  // streamx is a dependency of tar-stream.
  expect(names).toEqual(expect.arrayContaining(['tar-stream', 'streamx', 'yauzl', 'ajv', 'yaml']));
  for (const absent of ['yazl', 'vitest', 'typescript', 'json-schema-to-typescript', '@types/yauzl']) {
    expect(names).not.toContain(absent);
  }
});

test.runIf(isDebian)(
  'the builder image is reproducible, lists its parts, and builds images without rights',
  {
    timeout: 900_000,
  },
  async () => {
    const image = await compose('first');
    const { components } = image.bill as { components: { purl?: string }[] };
    const purls = components.map(({ purl }) => purl ?? '').join('\n');
    for (const part of ['pkg:deb/debian/skopeo@', 'pkg:npm/tar-stream@', 'pkg:generic/node@24.']) {
      expect(purls).toContain(part);
    }
    const root = unpack(image);
    rmSync(image.layoutPath, { recursive: true });
    expect((await compose('second')).digest).toBe(image.digest);

    const main = '/opt/osv/image-builder/main.ts';
    expect(runInRoot(root, '/usr/local/bin/node', main, '--help')).toContain('osv-builder --app');
    expect(statSync(join(root, 'etc/ssl/certs/ca-certificates.crt')).size).toBeGreaterThan(100_000);
    if (!isRoot) return;
    // What a container runtime gives: /dev, and another user.
    execFileSync('mknod', ['-m', '666', join(root, 'dev/null'), 'c', '1', '3']);
    const registry = await startRegistry();
    const layers = [[['usr/bin/x', readFileSync('/bin/true')]]] as const;
    await pushTestImage(join(folder, 'pushed'), `${registry}/x:1`, { layers });
    const metadata = { name: 'x' };
    const source = { image: { reference: `${registry}/x:1` } };
    const app = JSON.stringify({ apiVersion: 'osvapp.dev/v1alpha1', kind: 'OsvApp', metadata, spec: { source } });
    const words = ['--app', '-', '--kernel', '/usr/lib/osv/osv.elf', '--push', `${registry}/images`];
    const clean = ['/usr/bin/env', '-i', 'PATH=/usr/local/bin:/usr/sbin:/usr/bin', 'XDG_CACHE_HOME=/var/cache/osv'];
    const chroot = ['--userspec=65532:65532', root, ...clean, '/usr/local/bin/node', main, ...words];
    const result = JSON.parse(execFileSync('chroot', chroot, { input: app, encoding: 'utf8' }));
    expect(result.reference).toMatch(new RegExp(`^${registry}/images@sha256:`));
  },
);
