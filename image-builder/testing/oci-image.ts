import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';

/** A name in a layer: a file's text, or any other header of tar. */
export type LayerEntry = readonly [name: string, content: string | Buffer | Omit<Partial<Header>, 'name'>];

export interface TestImage {
  readonly layers: readonly (readonly LayerEntry[])[];
  /** The `config` of the image's configuration: Entrypoint, Cmd and so on. */
  readonly config?: object;
  readonly architecture?: string;
  readonly compression?: 'none' | 'gzip' | 'zstd';
  /** In place of the true digest of the first layer. */
  readonly firstDiffId?: string;
}

const prefix = 'application/vnd.oci.image';

async function tarOf(entries: readonly LayerEntry[]): Promise<Buffer> {
  const tar = pack();
  const mtime = new Date(0);
  for (const [name, content] of entries) {
    if (typeof content === 'string' || Buffer.isBuffer(content)) tar.entry({ name, mode: 0o755, mtime }, content);
    else tar.entry({ name, mtime, ...content });
  }
  tar.finalize();
  return buffer(tar);
}

function compress(tar: Buffer, compression: TestImage['compression']): { bytes: Buffer; suffix: string } {
  if (compression === 'none') return { bytes: tar, suffix: '' };
  if (compression === 'zstd') return { bytes: zstdCompressSync(tar), suffix: '+zstd' };
  return { bytes: gzipSync(tar), suffix: '+gzip' };
}

/** Writes an OCI layout; with several images, their index is what it holds. */
export async function writeTestLayout(folder: string, images: readonly TestImage[]): Promise<void> {
  const blobs = join(folder, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const put = (bytes: Buffer, mediaType: string) => {
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(join(blobs, sha256), bytes);
    return { mediaType, digest: `sha256:${sha256}`, size: bytes.length };
  };
  const json = (value: object) => Buffer.from(JSON.stringify(value));
  const manifests = [];
  for (const { layers, config = {}, architecture = 'amd64', compression, firstDiffId } of images) {
    const diffIds: string[] = [];
    const descriptors = [];
    for (const entries of layers) {
      const tar = await tarOf(entries);
      diffIds.push(`sha256:${createHash('sha256').update(tar).digest('hex')}`);
      const { bytes, suffix } = compress(tar, compression);
      descriptors.push(put(bytes, `${prefix}.layer.v1.tar${suffix}`));
    }
    if (firstDiffId) diffIds[0] = firstDiffId;
    const rootfs = { type: 'layers', diff_ids: diffIds };
    const configuration = put(json({ architecture, os: 'linux', config, rootfs }), `${prefix}.config.v1+json`);
    const mediaType = `${prefix}.manifest.v1+json`;
    const manifest = put(json({ schemaVersion: 2, mediaType, config: configuration, layers: descriptors }), mediaType);
    manifests.push({ ...manifest, platform: { architecture, os: 'linux' } });
  }
  writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const mediaType = `${prefix}.index.v1+json`;
  const whole = images.length > 1 ? [put(json({ schemaVersion: 2, mediaType, manifests }), mediaType)] : manifests;
  writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, mediaType, manifests: whole }));
}

/** Puts test images under a reference of a registry on loopback. */
export async function pushTestImage(folder: string, reference: string, ...images: TestImage[]): Promise<void> {
  await writeTestLayout(folder, images);
  const options = ['--quiet', '--all', '--preserve-digests', '--dest-tls-verify=false'];
  execFileSync('skopeo', ['copy', ...options, 'oci:.', `docker://${reference}`], { cwd: folder, stdio: 'pipe' });
}
