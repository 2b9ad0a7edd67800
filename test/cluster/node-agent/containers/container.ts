import type { Pod } from '@osv/operator/kubernetes';

type PodSpec = NonNullable<Pod['spec']>;
export type Container = PodSpec['containers'][number];
export type PodVolume = NonNullable<PodSpec['volumes']>[number];

/** A container's last end; times are milliseconds since 1970. */
export interface Ending {
  readonly exitCode: number;
  readonly reason: string;
  readonly message: string;
  readonly startedAt: number;
  readonly endedAt: number;
}

export type ContainerState =
  | { readonly kind: 'waiting'; readonly reason: string; readonly message: string }
  | { readonly kind: 'running'; readonly startedAt: number; readonly started: boolean; readonly ready: boolean }
  | ({ readonly kind: 'ended' } & Ending);

/** What a kubelet knows of one container. */
export interface ContainerReport {
  readonly name: string;
  readonly image: string;
  /** Its repository and digest, once it is pulled. */
  readonly imageId: string;
  readonly restarts: number;
  readonly state: ContainerState;
  /** The run before this one. */
  readonly last: Ending | undefined;
}

/** An init container with restartPolicy Always lives as long as the pod. */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}
