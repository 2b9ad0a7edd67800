import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuiltImage } from '@osv/image-builder';
import { LocalError } from '../errors.ts';

/** A name that a user gave a built image, or that it got from its app. */
export interface ImageTag {
  name: string;
  createdAt: string;
  /** The kernel that it was built with. */
  kernelPath: string;
  image: BuiltImage;
}

const namePattern = /^[a-z0-9][a-z0-9._-]{0,127}$/;

/** Names of images, as files beside the image cache: a tag whose image was evicted from the cache is gone too. */
export class ImageTags {
  readonly #folder: string;

  constructor(cacheFolder: string) {
    this.#folder = join(cacheFolder, 'tags');
  }

  /** @throws LocalError invalid-argument */
  async put(tag: ImageTag): Promise<void> {
    if (!namePattern.test(tag.name)) {
      throw new LocalError(
        'invalid-argument',
        `"${tag.name}" is no name for an image; use lower-case letters, digits, . _ -.`,
      );
    }
    await mkdir(this.#folder, { recursive: true });
    const draft = join(this.#folder, `.${tag.name}.${process.pid}`);
    await writeFile(draft, JSON.stringify(tag));
    await rename(draft, join(this.#folder, tag.name));
  }

  async list(): Promise<ImageTag[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const tags = await Promise.all(names.filter((name) => !name.startsWith('.')).map((name) => this.#read(name)));
    return tags.filter((tag) => tag !== undefined).sort((a, b) => a.name.localeCompare(b.name));
  }

  /** Finds by name, or by the start of a digest. */
  async find(reference: string): Promise<ImageTag | undefined> {
    const digest = reference.startsWith('sha256:') ? reference : `sha256:${reference}`;
    const tags = await this.list();
    return (
      tags.find((tag) => tag.name === reference) ??
      (reference.length >= 'sha256:'.length
        ? tags.find((tag) => tag.image.manifest.digest.startsWith(digest))
        : undefined)
    );
  }

  async #read(name: string): Promise<ImageTag | undefined> {
    const path = join(this.#folder, name);
    try {
      const tag: ImageTag = JSON.parse(await readFile(path, 'utf8'));
      await readFile(join(tag.image.ociLayoutPath, 'oci-layout'));
      return tag;
    } catch {
      await rm(path, { force: true });
      return undefined;
    }
  }
}
