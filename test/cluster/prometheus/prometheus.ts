import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '@osv/local/tools.ts';
import { stringify } from 'yaml';
import { loopback } from '../control-plane/addresses.ts';
import type { ClusterContext } from '../control-plane/context.ts';
import { ClusterError } from '../error.ts';
import type { ManagedProcess } from '../processes/managed-process.ts';

export interface Prometheus {
  /** http://127.0.0.1:PORT */
  readonly url: string;
  /**
   * Takes another configuration, as prometheus.yml has it, without a restart.
   *
   * @throws ClusterError `request-failed` with Prometheus' reason
   */
  configure(configuration: object): Promise<void>;
}

/**
 * Debian's Prometheus with a configuration as prometheus.yml has it.
 *
 * @throws ClusterError `tool-missing`
 */
export async function prometheus(context: ClusterContext, configuration: object): Promise<ManagedProcess> {
  const program = await findProgram('prometheus');
  if (program === undefined) {
    throw new ClusterError('tool-missing', 'prometheus is not installed; apt-get install prometheus');
  }
  await mkdir(join(context.folder, 'prometheus'));
  const file = configurationPath(context.folder);
  await writeFile(file, stringify(configuration));
  const host = `${loopback}:${context.ports.port('prometheus')}`;
  return context.manage({
    name: 'prometheus',
    program,
    args: [
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(context.folder, 'prometheus', 'data')}`,
      `--web.listen-address=${host}`,
      '--web.enable-lifecycle',
    ],
    ready: async (signal) => (await fetch(`http://${host}/-/ready`, { signal })).ok,
  });
}

/** The way to speak to it. */
export function prometheusAccess(folder: string, url: string): Prometheus {
  return {
    url,
    async configure(configuration) {
      await writeFile(configurationPath(folder), stringify(configuration));
      const answer = await fetch(`${url}/-/reload`, { method: 'POST' });
      if (answer.ok) return;
      throw new ClusterError('request-failed', `Prometheus refuses its configuration: ${await answer.text()}`);
    },
  };
}

function configurationPath(folder: string): string {
  return join(folder, 'prometheus', 'prometheus.yml');
}
