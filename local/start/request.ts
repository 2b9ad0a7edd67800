import type { BootMount, ImageManifest } from '@osv/contracts';
import type { InstanceRecord } from '../instance/record.ts';
import type { Disk, MachineType } from '../machine/machine-spec.ts';

/** A built image as files of this machine. */
export interface LocalImage {
  /** What the user called it: an app's name, a program's path, a reference. */
  name: string;
  digest: string;
  kernelVersion: string;
  kernelPath: string;
  rootPath: string;
  rootBytes: number;
  entryPoint: ImageManifest['entryPoint'];
}

/** A host port that the user asked for by `-p`; see parsePublishedPort. */
export interface PublishRequest {
  hostAddress?: string;
  hostPort?: number;
  guestPort: number;
  /** TCP without it. */
  protocol?: 'UDP';
}

/** A part of the guest's file tree that does not come from the image. */
export interface Volume {
  mount: BootMount;
  /** The disk that it lies on; none for tmpfs. */
  disk?: Disk;
  /** A disk of the instance's own that outlives its runs. `sizeBytes` counts when it is made, at the first start. */
  data?: { name: string; serial: string; sizeBytes: number };
  /** Files of a disk that is made at each start, by name. */
  files?: { serial: string; contents: Record<string, Buffer> };
}

/** What docker's `-v` asks for. */
export interface BindRequest {
  hostPath: string;
  guestPath: string;
}

/** One instance as a command wants it started. */
export interface StartRequest {
  name: string;
  nameInvented: boolean;
  kind: InstanceRecord['kind'];
  app?: InstanceRecord['app'];
  image: LocalImage;
  command?: string[];
  arguments?: string[];
  environment: string[];
  workingDirectory?: string;
  hostname?: string;
  machine: MachineType;
  icount: boolean;
  cpus: number;
  /** Bytes; sized from the image without it. */
  memoryBytes?: number;
  /** Ports that the program listens on; each is reachable on the instance's own address. */
  ports: { name?: string; port: number; protocol?: 'UDP' }[];
  publish: PublishRequest[];
  network: boolean;
  /** QEMU's user networking, though passt may be there. */
  userNetwork?: boolean;
  volumes: Volume[];
  /** Folders of the host, shown as they are at the start. */
  binds: BindRequest[];
  tracepoints: string[];
  kernelArguments: string[];
  gracePeriodSeconds: number;
  removeOnExit: boolean;
}
