import type { Spec } from './types.ts';

/** Sockets × cores × threads, where what is not set does not count; 0 when nothing is set. */
export function vcpuCount({ sockets = 0, cores = 0, threads = 0 }: NonNullable<Spec['domain']['cpu']>): number {
  const given = [cores, sockets, threads].filter((count) => count > 0);
  return given.length > 0 ? given.reduce((product, count) => product * count) : 0;
}
