import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ImageManifest } from '@osv/contracts';
import { fileDigest } from '../contents/tree-digest.ts';
import { writeAtomically } from './write-atomically.ts';

/** A built image in the cache. */
export interface BuiltImage {
  readonly manifest: ImageManifest;
  /** EROFS image, a whole number of 4 KiB blocks. */
  readonly rootImagePath: string;
  /** OCI image layout with /boot/osv.elf and /disk/root.img. */
  readonly ociLayoutPath: string;
}

export const fileNames = { manifest: 'manifest.json', root: 'root.img', oci: 'oci', verified: 'verified' } as const;

const imagesMax = 64;
const freshMs = 60 * 60 * 1000;

/** `$XDG_CACHE_HOME/osv`, or `~/.cache/osv` (XDG Base Directory Specification). */
export function defaultCacheDirectory(environment: NodeJS.ProcessEnv): string {
  const base = environment.XDG_CACHE_HOME;
  return join(base?.startsWith('/') ? base : join(environment.HOME ?? homedir(), '.cache'), 'osv');
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function readManifest(path: string): Promise<ImageManifest | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Whether a file still has the bytes of its manifest. Reading a large image at every start would take long, so the
 * digest is compared only when the file has changed, by its time of change, since it was last found intact.
 */
async function isIntact(path: string, expected: ImageManifest['root'], record: string): Promise<boolean> {
  const status = await stat(path, { bigint: true }).catch(() => undefined);
  if (!status || status.size !== BigInt(expected.sizeBytes)) return false;
  const state = `${status.ino} ${status.ctimeNs}`;
  if ((await readFile(record, 'utf8').catch(() => '')) === state) return true;
  if (`sha256:${await fileDigest(path)}` !== expected.digest) return false;
  // A cache that cannot be written to still serves.
  await writeAtomically(record, state).catch(() => {});
  return true;
}

/** Whether a layout holds every blob of its image, by size: who pushes them compares the digests. */
async function isWhole(layout: string, digest: string): Promise<boolean> {
  const blob = (name: string) => join(layout, 'blobs', name.replace(':', '/'));
  try {
    const { config, layers } = JSON.parse(await readFile(blob(digest), 'utf8'));
    for (const part of [config, ...layers]) if ((await stat(blob(part.digest))).size !== part.size) return false;
    return existsSync(join(layout, 'index.json'));
  } catch {
    return false;
  }
}

/**
 * Images by the digest of what they are made from. Several builders may use one cache at once: an image is put
 * together in a folder of its own and then renamed into place, and the first one wins.
 */
export class ImageCache {
  readonly #images: string;
  readonly #temporary: string;
  readonly aptDirectory: string;

  private constructor(directory: string) {
    this.#images = join(directory, 'images');
    this.#temporary = join(directory, 'tmp');
    this.aptDirectory = join(directory, 'apt');
  }

  static async open(directory: string): Promise<ImageCache> {
    const cache = new ImageCache(directory);
    await mkdir(cache.#images, { recursive: true });
    await mkdir(cache.#temporary, { recursive: true });
    return cache;
  }

  /** A whole image; one that a crash, a full disk or somebody's hand has damaged counts as absent. */
  async get(key: string): Promise<BuiltImage | undefined> {
    const directory = join(this.#images, key);
    const manifest = await readManifest(join(directory, fileNames.manifest));
    if (!manifest) return undefined;
    const rootImagePath = join(directory, fileNames.root);
    const ociLayoutPath = join(directory, fileNames.oci);
    if (!(await isWhole(ociLayoutPath, manifest.digest))) return undefined;
    if (!(await isIntact(rootImagePath, manifest.root, join(directory, fileNames.verified)))) return undefined;
    const now = new Date();
    await utimes(directory, now, now).catch(() => {});
    return { manifest, rootImagePath, ociLayoutPath };
  }

  /** An empty folder for one build; also removes those of builders that died. */
  async workspace(): Promise<string> {
    for (const name of await readdir(this.#temporary)) {
      const pid = Number(/^(\d+)-/.exec(name)?.[1]);
      if (pid && !alive(pid)) await rm(join(this.#temporary, name), { recursive: true, force: true });
    }
    return mkdtemp(join(this.#temporary, `${process.pid}-`));
  }

  /** Moves a finished image into the cache. */
  async put(key: string, finished: string): Promise<BuiltImage> {
    const target = join(this.#images, key);
    if (existsSync(target) && !(await this.get(key))) {
      const damaged = join(this.#temporary, `${process.pid}-${randomBytes(6).toString('hex')}`);
      await rename(target, damaged);
      await rm(damaged, { recursive: true, force: true });
    }
    try {
      await rename(finished, target);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    }
    await this.#prune();
    const image = await this.get(key);
    if (!image) throw new Error(`the image ${key} is not where it was put`);
    return image;
  }

  /** Forgets the images that were not used for longest, beyond a number of them. */
  async #prune(): Promise<void> {
    const names = await readdir(this.#images);
    if (names.length <= imagesMax) return;
    const dated = await Promise.all(
      // Another builder may be forgetting the same one.
      names.map(async (name) => ({
        name,
        used: (await stat(join(this.#images, name)).catch(() => undefined))?.mtimeMs ?? 0,
      })),
    );
    const old = dated.sort((a, b) => b.used - a.used).slice(imagesMax);
    for (const { name, used } of old) {
      if (Date.now() - used > freshMs) await rm(join(this.#images, name), { recursive: true, force: true });
    }
  }
}
