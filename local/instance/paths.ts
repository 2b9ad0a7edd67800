import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where everything of this user's instances lies; after the XDG Base Directory Specification. */
export interface StateFolders {
  instances: string;
  /** Disks that outlive the runs of the instance whose name their folder has. */
  volumes: string;
  addresses: string;
  cache: string;
}

export function stateFolders(environment: NodeJS.ProcessEnv, home = homedir()): StateFolders {
  const state = join(environment.XDG_STATE_HOME || join(home, '.local', 'state'), 'osv');
  const cache = join(environment.XDG_CACHE_HOME || join(home, '.cache'), 'osv');
  return {
    instances: join(state, 'instances'),
    volumes: join(state, 'volumes'),
    addresses: join(state, 'addresses'),
    cache,
  };
}

/** The files of one instance; the folder is readable by its owner alone. */
export interface InstancePaths {
  folder: string;
  record: string;
  /** What the supervisor is to start; it holds the management token. */
  launch: string;
  bootDisk: string;
  /** What the program wrote to stdout and stderr, in order of arrival. */
  consoleLog: string;
  kernelLog: string;
  qemuLog: string;
  passtLog: string;
  supervisorLog: string;
  token: string;
  /** Written by whoever asks for a stop with another grace period than the record's. */
  stopRequest: string;
  /** The disks of its volumes; not in its folder, as they stay when it is started anew. */
  volumes: string;
}

export function instancePaths(folders: StateFolders, name: string): InstancePaths {
  const folder = join(folders.instances, name);
  return {
    folder,
    record: join(folder, 'record.json'),
    launch: join(folder, 'launch.json'),
    bootDisk: join(folder, 'boot.iso'),
    consoleLog: join(folder, 'console.log'),
    kernelLog: join(folder, 'kernel.log'),
    qemuLog: join(folder, 'qemu.log'),
    passtLog: join(folder, 'passt.log'),
    supervisorLog: join(folder, 'supervisor.log'),
    token: join(folder, 'token'),
    stopRequest: join(folder, 'stop-request.json'),
    volumes: join(folders.volumes, name),
  };
}
