import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ImageManifest } from '@osv/contracts';

/** A built image in the cache. */
export interface BuiltImage {
  readonly manifest: ImageManifest;
  /** EROFS image, a whole number of 4 KiB blocks. */
  readonly rootImagePath: string;
  /** OCI image layout with /boot/osv.elf and /disk/root.img. */
  readonly ociLayoutPath: string;
}

export const fileNames = { manifest: 'manifest.json', root: 'root.img', oci: 'oci' } as const;

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

  async get(key: string): Promise<BuiltImage | undefined> {
    const directory = join(this.#images, key);
    const text = await readFile(join(directory, fileNames.manifest), 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const manifest = JSON.parse(text) as ImageManifest;
    const rootImagePath = join(directory, fileNames.root);
    const size = (await stat(rootImagePath).catch(() => undefined))?.size;
    if (size !== manifest.root.sizeBytes) return undefined;
    const now = new Date();
    await utimes(directory, now, now);
    return { manifest, rootImagePath, ociLayoutPath: join(directory, fileNames.oci) };
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
      names.map(async (name) => ({ name, used: (await stat(join(this.#images, name))).mtimeMs })),
    );
    const old = dated.sort((a, b) => b.used - a.used).slice(imagesMax);
    for (const { name, used } of old) {
      if (Date.now() - used > freshMs) await rm(join(this.#images, name), { recursive: true, force: true });
    }
  }
}
