import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { builderVersion } from '@osv/image-builder';
import { type ApiClient, type KubernetesObject, type Resource, resources } from '../kubernetes/index.ts';
import type { Logger } from '../logger.ts';
import type { OperatorMetrics } from '../metrics.ts';
import type { OperatorOptions } from '../options.ts';
import type { ObjectCache } from '../reconcile-runtime/index.ts';
import type { ImageBuilder } from './image-builder.ts';
import type { ImageRecords } from './image-records.ts';
import { JobImageBuilder } from './job-image-builder.ts';
import { ProcessImageBuilder } from './process-image-builder.ts';

export interface ImageBuilderTools {
  readonly client: ApiClient;
  readonly records: ImageRecords;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly metrics: OperatorMetrics;
  /** Follows the objects of builds in the operator's namespace. */
  readonly follow: <T extends KubernetesObject>(resource: Resource<T>) => ObjectCache<T>;
}

/** The kernel's place in the builder image (charts/images). */
const kernelInBuilderImage = '/usr/lib/osv/osv.elf';

/** @throws Error when the options name neither a builder image nor a kernel */
export async function createImageBuilder(options: OperatorOptions, tools: ImageBuilderTools): Promise<ImageBuilder> {
  const { builderImage, buildConcurrency: concurrency } = options;
  const { client, records, logger, now, metrics, follow } = tools;
  if (builderImage) {
    return new JobImageBuilder({
      client,
      records,
      logger,
      now,
      metrics,
      concurrency,
      builderImage,
      identity: builderImage,
      jobs: follow(resources.jobs),
      pods: follow(resources.pods),
      namespace: options.operatorNamespace,
      flags: builderFlags(options, kernelInBuilderImage),
      serviceAccount: options.builderServiceAccount,
      registrySecret: options.registrySecret,
      configMap: options.builderConfigMap,
      environment: options.builderEnvironment,
      resources: { cpu: '2', memory: '2Gi', disk: '10Gi' },
    });
  }
  const { kernel, registryAuthFile } = options;
  if (!kernel) throw new Error('Builds need --builder-image, or --kernel to be done by child processes.');
  return new ProcessImageBuilder({
    records,
    logger,
    now,
    metrics,
    concurrency,
    identity: `${builderVersion()}/${await digestOf(kernel)}`,
    flags: [...builderFlags(options, kernel), ...(registryAuthFile ? ['--auth-file', registryAuthFile] : [])],
  });
}

function builderFlags({ registry, imageRepository, registryInsecure }: OperatorOptions, kernel: string): string[] {
  const push = `${registry}/${imageRepository}`;
  return ['--kernel', kernel, '--push', push, ...(registryInsecure ? ['--insecure'] : [])];
}

async function digestOf(kernel: string): Promise<string> {
  try {
    return createHash('sha256')
      .update(await readFile(kernel))
      .digest('hex');
  } catch (cause) {
    throw new Error(`The kernel ${kernel} cannot be read.`, { cause });
  }
}
