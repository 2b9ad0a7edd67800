import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EntryPoint } from '@osv/contracts';
import { type LayerFile, writeTarLayer } from './tar-layer.ts';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface OciContents {
  readonly kernelPath: string;
  readonly rootImagePath: string;
  readonly architecture: 'amd64' | 'arm64';
  readonly entryPoint: EntryPoint;
  readonly labels: Record<string, string>;
}

/** The user that runs QEMU in KubeVirt's pods. */
const qemuUser = 107;

async function writeBlob(blobs: string, value: object, mediaType: string): Promise<Descriptor> {
  const bytes = Buffer.from(JSON.stringify(value));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await writeFile(join(blobs, sha256), bytes);
  return { mediaType, digest: `sha256:${sha256}`, size: bytes.length };
}

async function writeLayer(blobs: string, file: LayerFile): Promise<Descriptor> {
  const temporary = join(blobs, 'layer');
  const { sha256, sizeBytes } = await writeTarLayer([file], temporary);
  await rename(temporary, join(blobs, sha256));
  return { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: `sha256:${sha256}`, size: sizeBytes };
}

/**
 * Writes an OCI image layout (image-spec v1.1) with two layers: /boot/osv.elf for KubeVirt's kernelBoot, and
 * /disk/root.img for its containerDisk.
 *
 * @returns the digest of the image manifest, by which the image is known
 */
export async function writeOciLayout(contents: OciContents, directory: string): Promise<string> {
  const blobs = join(directory, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const layers = [
    await writeLayer(blobs, { path: 'boot/osv.elf', source: contents.kernelPath, owner: qemuUser }),
    await writeLayer(blobs, { path: 'disk/root.img', source: contents.rootImagePath, owner: qemuUser }),
  ];
  const { command, environment, workingDirectory } = contents.entryPoint;
  const config = {
    architecture: contents.architecture,
    os: 'linux',
    created: '1970-01-01T00:00:00Z',
    config: {
      User: String(qemuUser),
      Labels: contents.labels,
      // What the guest runs, for people who inspect the image; nothing runs it in a container.
      ...(command.length > 0 && { Cmd: command }),
      Env: environment,
      WorkingDir: workingDirectory,
    },
    // The layers are not compressed, so their digests are those of their contents.
    rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) },
    history: [
      { created: '1970-01-01T00:00:00Z', created_by: 'osv: kernel' },
      { created: '1970-01-01T00:00:00Z', created_by: 'osv: root file system' },
    ],
  };
  const manifest = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: await writeBlob(blobs, config, 'application/vnd.oci.image.config.v1+json'),
    layers,
  };
  const descriptor = await writeBlob(blobs, manifest, manifest.mediaType);
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const platform = { architecture: contents.architecture, os: 'linux' };
  await writeFile(
    join(directory, 'index.json'),
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ ...descriptor, platform }],
    }),
  );
  return descriptor.digest;
}
