import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { EntryPoint } from '@osv/contracts';
import { beginLayout, endImageLayout, type WrittenLayer } from './layout.ts';
import { type LayerFile, writeTarLayer } from './tar-layer.ts';

export interface OciContents {
  readonly kernelPath: string;
  readonly rootImagePath: string;
  readonly architecture: 'amd64' | 'arm64';
  readonly entryPoint: EntryPoint;
  readonly labels: Record<string, string>;
}

/** The user that runs QEMU in KubeVirt's pods. */
const qemuUser = 107;

async function writeLayer(blobs: string, title: string, file: LayerFile): Promise<WrittenLayer> {
  const temporary = join(blobs, 'layer');
  const { sha256, sizeBytes } = await writeTarLayer([file], temporary);
  await rename(temporary, join(blobs, sha256));
  const digest = `sha256:${sha256}`;
  const descriptor = { mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: sizeBytes };
  // It is not compressed, so its digest is that of its contents.
  return { descriptor, diffId: digest, title };
}

/**
 * Writes an OCI image layout (image-spec v1.1) with two layers: /boot/osv.elf for KubeVirt's kernelBoot, and
 * /disk/root.img for its containerDisk.
 *
 * @returns the digest of the image manifest, by which the image is known
 */
export async function writeOciLayout(contents: OciContents, directory: string): Promise<string> {
  const blobs = await beginLayout(directory);
  const kernel = { path: 'boot/osv.elf', source: contents.kernelPath, owner: qemuUser };
  const root = { path: 'disk/root.img', source: contents.rootImagePath, owner: qemuUser };
  const layers = [await writeLayer(blobs, 'kernel', kernel), await writeLayer(blobs, 'root file system', root)];
  const { command, environment, workingDirectory } = contents.entryPoint;
  const config = {
    User: String(qemuUser),
    Labels: contents.labels,
    // What the guest runs, for people who inspect the image; nothing runs it in a container.
    ...(command.length > 0 && { Cmd: command }),
    Env: environment,
    WorkingDir: workingDirectory,
  };
  const { digest } = await endImageLayout(directory, blobs, layers, { architecture: contents.architecture, config });
  return digest;
}
