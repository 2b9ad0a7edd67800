import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type LayerEntry, pushTestImage } from '../../../image-builder/testing/oci-image.ts';
import type { Cluster } from '../../cluster/cluster.ts';

const programs = ['/bin/sh', '/bin/cat', '/bin/sleep', '/bin/ls'];

/** Pushes an image of this machine's shell and a few programs to the cluster's registry; returns its reference. */
export async function pushShellImage(cluster: Cluster): Promise<string> {
  const paths = new Set(programs);
  for (const program of programs) {
    const { stdout } = await promisify(execFile)('ldd', [program]);
    for (const [path] of stdout.matchAll(/\/\S+/g)) paths.add(path);
  }
  const layer: LayerEntry[] = [];
  for (const path of paths) layer.push([path.slice(1), await readFile(path)]);
  const reference = `${cluster.registry.host}/test/shell:latest`;
  const config = { Entrypoint: ['/bin/sh', '-c'], Cmd: ['echo nothing to do'], Env: ['FROM_IMAGE=yes'] };
  const folder = await mkdtemp(join(tmpdir(), 'osv-shell-'));
  await pushTestImage(folder, reference, { layers: [layer], config });
  await rm(folder, { recursive: true });
  return reference;
}
