import type { MachineType } from '../machine/machine-spec.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** `run` made by `osv run`, `app` by `osv up`, `service` is a helper program such as Prometheus. */
export type InstanceKind = 'run' | 'app' | 'service';
export type InstanceState = 'created' | 'running' | 'exited';

export interface PublishedPort {
  name?: string;
  hostAddress: string;
  hostPort: number;
  guestPort: number;
  /** TCP without it. */
  protocol?: 'UDP';
}

/** How an instance ended. */
export interface InstanceExit {
  /** The program's exit code, 128 + n after signal n, or 125 to 127 when it never ran. */
  code: number;
  /** `program` ended by itself, `stopped` on request, the rest went wrong. */
  reason: 'program' | 'signal' | 'stopped' | 'boot-failed' | 'panic' | 'machine-failed' | 'supervisor-died';
  /** A sentence for a person; undefined when the program simply ended. */
  message?: string;
}

/** What is written down about an instance; times are ISO 8601 in UTC. */
export interface InstanceRecord {
  version: 1;
  name: string;
  /** The user chose no name, so nobody will ask for the instance by it for long. */
  nameInvented: boolean;
  kind: InstanceKind;
  state: InstanceState;
  /** The app of `osv up` that it is a replica of. */
  app?: { name: string; replica: number; file: string; specDigest: string };
  createdAt: string;
  startedAt?: string;
  /** When the program was about to execute its first instruction. */
  readyAt?: string;
  finishedAt?: string;
  /** The command that made it; decides whether an instance in state `created` is still being made. */
  creator: ProcessIdentity;
  /** The process that SIGTERM asks to stop the instance in order. */
  supervisor?: ProcessIdentity;
  image: { name: string; digest: string; kernelVersion: string };
  command: string[];
  machine?: { type: MachineType; accelerator: 'kvm' | 'tcg'; icount: boolean; cpus: number; memoryMebibytes: number };
  /** Its own loopback address. */
  address?: string;
  ports: PublishedPort[];
  metricsUrl?: string;
  bootMicroseconds?: number;
  gracePeriodSeconds: number;
  removeOnExit: boolean;
  exit?: InstanceExit;
}
