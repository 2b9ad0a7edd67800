import type { TestProject } from 'vitest/node';
import { startCluster } from '../../cluster/start.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of the cluster that all files of a run share. */
    readonly clusterFolder: string;
  }
}

/** Starts the shared cluster before the first file and ends it after the last one. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startCluster({
    // The same tests judge by KubeVirt's own programs where there are any.
    kubevirt: process.env.KUBEVIRT_BIN_DIR ? 'real' : 'double',
    prometheus: { global: { scrape_interval: '1s' } },
    progress: (line) => console.error(`cluster: ${line}`),
  });
  project.provide('clusterFolder', cluster.folder);
  return () => cluster.stop();
}
