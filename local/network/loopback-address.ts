import { createHash } from 'node:crypto';
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError, LocalError } from '../errors.ts';
import { identifyProcess } from '../instance/process-identity.ts';
import { isPortFree } from './ports.ts';

/** Addresses come from 127.77.0.0/16: all of 127.0.0.0/8 is loopback (RFC 1122, section 3.2.1.3), and few use this part. */
const hosts = 254;

/** Claims that are being made; the name ends with the maker's process number. */
const draftPrefix = '.';
const triesMax = 200;

/**
 * Claims a loopback address of its own for an instance. A claim is a file named after the address that holds the
 * instance's name, made by link(2), so two commands never get the same one.
 *
 * @param ports must all be free on the address: another user's instances keep their claims elsewhere
 */
export async function claimAddress(folder: string, instance: string, ports: number[]): Promise<string> {
  await mkdir(folder, { recursive: true });
  const taken = new Set(await readdir(folder));
  const draft = join(folder, `${draftPrefix}${instance}.${process.pid}`);
  await writeFile(draft, instance);
  try {
    for (let index = 0; index < triesMax; index++) {
      const address = candidate(folder, index);
      if (taken.has(address) || !(await allFree(address, ports))) continue;
      try {
        await link(draft, join(folder, address));
        return address;
      } catch (error) {
        if (!isSystemError(error, 'EEXIST')) throw error;
      }
    }
  } finally {
    await rm(draft, { force: true });
  }
  throw new LocalError('port-in-use', `No loopback address has the ports ${ports.join(', ')} free; remove instances.`);
}

export async function releaseAddress(folder: string, address: string): Promise<void> {
  await rm(join(folder, address), { force: true });
}

/** Clears away the drafts of commands that were killed half-way. */
export async function clearClaimDrafts(folder: string): Promise<void> {
  const names = await readdir(folder).catch((): string[] => []);
  for (const name of names.filter((candidate) => candidate.startsWith(draftPrefix))) {
    const maker = Number(name.slice(name.lastIndexOf('.') + 1));
    if (!identifyProcess(maker)) await rm(join(folder, name), { force: true });
  }
}

/** Every claim: address → name of its instance. */
export async function listClaims(folder: string): Promise<Map<string, string>> {
  const claims = new Map<string, string>();
  const names = await readdir(folder).catch(() => []);
  for (const address of names.filter((name) => !name.startsWith(draftPrefix))) {
    const holder = await readFile(join(folder, address), 'utf8').catch(() => undefined);
    if (holder !== undefined) claims.set(address, holder);
  }
  return claims;
}

/** The folder decides the third octet, so that two users' instances rarely meet. */
function candidate(folder: string, index: number): string {
  const block = createHash('sha256').update(folder).digest()[0] ?? 0;
  return `127.77.${block}.${1 + (index % hosts)}`;
}

async function allFree(address: string, ports: number[]): Promise<boolean> {
  for (const port of ports) {
    try {
      if (!(await isPortFree(address, port))) return false;
    } catch {
      // A port below 1024 without the right to it: no other address would be better. The start reports it.
    }
  }
  return true;
}
