import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isSystemError, LocalError } from '../errors.ts';
import { clearClaimDrafts, listClaims, releaseAddress } from '../network/loopback-address.ts';
import { type InstancePaths, instancePaths, type StateFolders } from './paths.ts';
import { identifyProcess, isAlive } from './process-identity.ts';
import type { InstanceRecord } from './record.ts';

/** Names that an error message lists. */
const namesShownMax = 8;

/** Ended runs whose logs are kept. */
const exitedRunsMax = 20;

/** Folders whose names start so are being made; the name ends with the maker's process number. */
const draftPrefix = '.';

const namePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The instances of one user, as folders on disk. What is running is asked of the processes themselves, each time. */
export class InstanceStore {
  readonly folders: StateFolders;

  constructor(folders: StateFolders) {
    this.folders = folders;
  }

  paths(name: string): InstancePaths {
    return instancePaths(this.folders, name);
  }

  /**
   * Makes the instance's folder, which claims its name.
   *
   * @throws LocalError instance-exists, invalid-argument
   */
  async create(record: InstanceRecord): Promise<InstancePaths> {
    if (!namePattern.test(record.name)) {
      const rule = 'use lower-case letters, digits and dashes';
      throw new LocalError('invalid-argument', `"${record.name}" is no name for an instance; ${rule}.`);
    }
    const paths = this.paths(record.name);
    await mkdir(this.folders.instances, { recursive: true, mode: 0o700 });
    // The folder appears with its record inside: a command killed half-way leaves a draft that `list` clears away.
    const draft = join(this.folders.instances, `${draftPrefix}${record.name}.${process.pid}`);
    try {
      await mkdir(draft, { mode: 0o700 });
      await writeFile(join(draft, basename(paths.record)), recordText(record), { mode: 0o600 });
      await rename(draft, paths.folder);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      if (!isSystemError(error, 'ENOTEMPTY') && !isSystemError(error, 'EEXIST')) throw error;
      throw new LocalError(
        'instance-exists',
        `An instance named ${record.name} exists; osv rm ${record.name} removes it.`,
      );
    }
    return paths;
  }

  /** Replaces the record in one step, so that a reader never sees half of it. */
  async write(record: InstanceRecord): Promise<void> {
    const { record: path } = this.paths(record.name);
    const draft = `${path}.${process.pid}`;
    try {
      await writeFile(draft, recordText(record), { mode: 0o600 });
      await rename(draft, path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  async read(name: string): Promise<InstanceRecord | undefined> {
    try {
      return JSON.parse(await readFile(this.paths(name).record, 'utf8'));
    } catch (error) {
      if (isSystemError(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  /** Every instance, oldest first, after what dead supervisors left behind was put in order. */
  async list(): Promise<InstanceRecord[]> {
    const names = await readdir(this.folders.instances).catch(() => []);
    const records: InstanceRecord[] = [];
    for (const name of names) {
      if (name.startsWith(draftPrefix)) {
        await this.#clearDraft(name);
        continue;
      }
      const record = await this.read(name);
      const current = record && (await this.#settle(record));
      if (current) records.push(current);
    }
    await this.#releaseLostAddresses();
    return records.sort((a, b) => a.createdAt.localeCompare(b.createdAt) || a.name.localeCompare(b.name));
  }

  /**
   * The instances that a user means by `reference`: one by its name, or all of an app.
   *
   * @throws LocalError instance-not-found
   */
  async resolve(reference: string): Promise<InstanceRecord[]> {
    const records = await this.list();
    const named = records.filter((record) => record.name === reference);
    const found = named.length > 0 ? named : records.filter((record) => record.app?.name === reference);
    if (found.length > 0) return found;
    const shown = records.slice(-namesShownMax).map((record) => record.name);
    const known = shown.length > 0 ? ` There are: ${shown.join(', ')}.` : '';
    throw new LocalError('instance-not-found', `There is no instance or app named ${reference}.${known}`);
  }

  /** Forgets an instance that does not run: its address, logs and folder. */
  async remove(record: InstanceRecord): Promise<void> {
    if (record.address) await releaseAddress(this.folders.addresses, record.address);
    await rm(this.paths(record.name).folder, { recursive: true, force: true });
  }

  /** Deletes the data of an instance that is removed for good. */
  async removeVolumes(record: InstanceRecord): Promise<void> {
    await rm(this.paths(record.name).volumes, { recursive: true, force: true });
  }

  /** What must not outlive a run: the disks with its secrets, and the address. */
  async finish(record: InstanceRecord): Promise<void> {
    if (record.removeOnExit) return this.remove(record);
    const paths = this.paths(record.name);
    const names = await readdir(paths.folder).catch((): string[] => []);
    const disks = names.filter((name) => name.endsWith('.iso')).map((name) => join(paths.folder, name));
    for (const path of [...disks, paths.launch, paths.token, paths.stopRequest]) await rm(path, { force: true });
    if (record.address) await releaseAddress(this.folders.addresses, record.address);
    await this.write(record);
  }

  /** Keeps the logs of the latest ended `osv run`s only; those with a chosen name are kept until they are removed. */
  async pruneExitedRuns(except: string): Promise<void> {
    const ended = (await this.list()).filter(
      (record) => record.kind === 'run' && record.state === 'exited' && record.nameInvented && record.name !== except,
    );
    for (const record of ended.slice(0, -exitedRunsMax)) await this.remove(record);
  }

  /** Undefined when nothing of the instance is worth keeping. */
  async #settle(record: InstanceRecord): Promise<InstanceRecord | undefined> {
    if (record.state === 'exited' || isAlive(record.supervisor)) return record;
    if (!record.supervisor) {
      if (isAlive(record.creator)) return record;
      await this.remove(record);
      return undefined;
    }
    // The supervisor may have written its last record since this one was read.
    const latest = await this.read(record.name);
    if (!latest || latest.state === 'exited') return latest;
    const ended: InstanceRecord = {
      ...latest,
      state: 'exited',
      finishedAt: new Date().toISOString(),
      exit: {
        code: 137,
        reason: latest.kind === 'service' ? 'stopped' : 'supervisor-died',
        ...(latest.kind === 'service' ? {} : { message: 'The command that ran it was killed, and the guest with it.' }),
      },
    };
    await this.finish(ended);
    return ended.removeOnExit ? undefined : ended;
  }

  async #clearDraft(name: string): Promise<void> {
    const maker = Number(name.slice(name.lastIndexOf('.') + 1));
    if (!identifyProcess(maker)) await rm(join(this.folders.instances, name), { recursive: true, force: true });
  }

  async #releaseLostAddresses(): Promise<void> {
    await clearClaimDrafts(this.folders.addresses);
    for (const [address, name] of await listClaims(this.folders.addresses)) {
      const folders = await readdir(this.folders.instances).catch((): string[] => []);
      if (!folders.includes(name)) await releaseAddress(this.folders.addresses, address);
    }
  }
}

function recordText(record: InstanceRecord): string {
  return `${JSON.stringify(record, undefined, 2)}\n`;
}
