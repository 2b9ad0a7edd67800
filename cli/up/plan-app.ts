import { createHash } from 'node:crypto';
import type { LocalOsvApp } from '@osv/contracts';
import { LocalError } from '@osv/local/errors.ts';
import type { InstanceRecord } from '@osv/local/instance/record.ts';
import type { LocalImage, StartRequest } from '@osv/local/start/request.ts';

/** What the command line adds to every app of the files. */
export type Additions = Pick<
  StartRequest,
  'environment' | 'publish' | 'binds' | 'machine' | 'icount' | 'userNetwork' | 'tracepoints'
> & {
  cpus: number | undefined;
  memoryBytes: number | undefined;
  replicas: number | undefined;
};

export interface AppPlan {
  /** Replicas that run as wanted already. */
  keep: InstanceRecord[];
  /** Instances that are to go: of another specification, ended, or beyond the number of replicas. */
  replace: InstanceRecord[];
  start: StartRequest[];
}

const gracePeriodSecondsDefault = 30;

/** Decides what is to be done for one app whose variables have their values; pure. `memoryOf` reads an amount of memory. */
export function planApp(
  app: LocalOsvApp,
  file: string,
  image: LocalImage,
  volumes: StartRequest['volumes'],
  additions: Additions,
  present: InstanceRecord[],
  memoryOf: (text: string) => number,
): AppPlan {
  const { spec, metadata } = app;
  const replicas = additions.replicas ?? spec.replicas ?? 1;
  if (replicas > 1 && additions.publish.some((port) => port.hostPort !== undefined)) {
    const sentence = `-p publishes one port for one instance, but ${metadata.name} has ${replicas} replicas.`;
    throw new LocalError('invalid-argument', sentence);
  }
  const contents = volumes.flatMap(({ files }) => (files ? [files.contents] : []));
  const specDigest = digestOf([spec, image.digest, image.kernelPath, additions, ...contents]);
  const memory = additions.memoryBytes ?? (spec.resources?.memory ? memoryOf(spec.resources.memory) : undefined);
  const request = (replica: number): StartRequest => ({
    name: `${metadata.name}-${replica}`,
    nameInvented: false,
    kind: 'app',
    app: { name: metadata.name, replica, file, specDigest },
    image,
    ...(spec.command ? { command: spec.command } : {}),
    ...(spec.args ? { arguments: spec.args } : {}),
    environment: [...(spec.env ?? []).map(({ name, value }) => `${name}=${value ?? ''}`), ...additions.environment],
    ...(spec.workingDirectory ? { workingDirectory: spec.workingDirectory } : {}),
    machine: additions.machine,
    icount: additions.icount,
    ...(additions.userNetwork ? { userNetwork: true } : {}),
    cpus: additions.cpus ?? spec.resources?.cpus ?? 1,
    ...(memory === undefined ? {} : { memoryBytes: memory }),
    ports: (spec.ports ?? []).map(({ port, name, protocol }) => ({
      port,
      ...(name ? { name } : {}),
      ...(protocol === 'UDP' ? { protocol } : {}),
    })),
    publish: additions.publish,
    network: true,
    volumes,
    binds: additions.binds,
    tracepoints: [...(spec.kernel?.tracepoints ?? []), ...additions.tracepoints],
    kernelArguments: spec.kernel?.arguments ?? [],
    gracePeriodSeconds: spec.terminationGracePeriodSeconds ?? gracePeriodSecondsDefault,
    removeOnExit: false,
  });
  const own = present.filter((record) => record.app?.name === metadata.name);
  const wanted = Array.from({ length: replicas }, (_, replica) => request(replica));
  const suits = (record: InstanceRecord) =>
    record.state === 'running' &&
    record.app?.specDigest === specDigest &&
    wanted.some((instance) => instance.name === record.name);
  const keep = own.filter(suits);
  const kept = new Set(keep.map((record) => record.name));
  return {
    keep,
    replace: own.filter((record) => !kept.has(record.name)),
    start: wanted.filter((instance) => !kept.has(instance.name)),
  };
}

function digestOf(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
