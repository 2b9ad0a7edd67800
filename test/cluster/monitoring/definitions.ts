import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { run } from '../../guest/command.ts';
import type { Cluster } from '../cluster.ts';
import { ClusterError } from '../error.ts';
import { lock } from '../processes/lock.ts';
import { diesWithParent } from '../processes/with-parent.ts';
import { findGo } from '../tools/find-go.ts';
import { readGoModule } from '../tools/go-module.ts';

const moduleFolder = import.meta.dirname;
const types = 'github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1';
const generator = 'sigs.k8s.io/controller-tools/cmd/controller-gen';
const kinds = ['podmonitors', 'prometheusrules'] as const;

/**
 * Definitions of PodMonitor and PrometheusRule, written by controller-gen from the Prometheus operator's types as its own
 * releases are; pinned by go.mod, written once and cached. Cold that is a minute or two.
 *
 * @returns paths of the files
 * @throws ClusterError `tool-missing` without a Go that can build it, `build-failed` with the generator's last words
 */
export async function monitoringDefinitions(cacheFolder = defaultCacheFolder()): Promise<string[]> {
  const inputs = await Promise.all(['go.mod', 'go.sum'].map((file) => readFile(join(moduleFolder, file), 'utf8')));
  const folder = join(cacheFolder, createHash('sha256').update(inputs.join('\0')).digest('hex').slice(0, 24));
  const paths = kinds.map((kind) => join(folder, `monitoring.coreos.com_${kind}.yaml`));
  if (await areThere(paths)) return paths;
  const held = await lock(`monitoring/${userInfo().uid}/${folder}`);
  try {
    if (!(await areThere(paths))) await generate(folder);
  } finally {
    await held.release();
  }
  return paths;
}

/** Gives a cluster the API of the Prometheus operator, without the operator. */
export async function installMonitoringDefinitions(cluster: Cluster): Promise<void> {
  const files = (await monitoringDefinitions()).flatMap((path) => ['-f', path]);
  await cluster.kubectl(['apply', '--server-side', ...files]);
  const names = kinds.map((kind) => `crd/${kind}.monitoring.coreos.com`);
  await cluster.kubectl(['wait', '--for=condition=Established', ...names, '--timeout=60s']);
}

function defaultCacheFolder(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'osv', 'monitoring-definitions');
}

async function areThere(paths: readonly string[]): Promise<boolean> {
  const found = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.every(Boolean);
}

async function generate(folder: string): Promise<void> {
  const go = await findGo((await readGoModule(moduleFolder)).go);
  // Renamed when it is complete: an interrupted run leaves nothing that looks like a result.
  const draft = `${folder}.${process.pid}.draft`;
  await mkdir(draft, { recursive: true });
  try {
    const command = diesWithParent(
      go.program,
      ['tool', generator, 'crd', `paths=${types}`, `output:crd:dir=${draft}`],
      'INT',
    );
    const result = await run(...command, {
      cwd: moduleFolder,
      environment: { ...process.env, ...go.environment, CGO_ENABLED: '0', GOFLAGS: '-mod=readonly', GOWORK: 'off' },
    });
    if (result.code !== 0) {
      const last = result.stderr.toString().trim().split('\n').slice(-15).join('\n');
      throw new ClusterError('build-failed', `the Prometheus operator's definitions could not be written:\n${last}`);
    }
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
