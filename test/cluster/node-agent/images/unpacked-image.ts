import { readdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { NodeAgentError } from '../error.ts';
import type { ImageConfiguration } from './oci-layout.ts';

interface Description {
  digest: string;
  configuration: ImageConfiguration;
}

const descriptionName = 'image.json';
/** Where KubeVirt looks for the file of a containerDisk. */
const diskFolder = '/disk';

/** An image whose files lie in a folder. */
export class UnpackedImage {
  readonly digest: string;
  readonly configuration: ImageConfiguration;
  /** The folder that would be the container's root. */
  readonly root: string;

  private constructor(folder: string, description: Description) {
    this.digest = description.digest;
    this.configuration = description.configuration;
    this.root = join(folder, 'root');
  }

  /** @returns undefined when the image is not there */
  static async open(folder: string, digest: string): Promise<UnpackedImage | undefined> {
    try {
      const description: Description = JSON.parse(await readFile(join(folder, descriptionName), 'utf8'));
      return description.digest === digest ? new UnpackedImage(folder, description) : undefined;
    } catch {
      return undefined;
    }
  }

  static async write(folder: string, description: Description): Promise<void> {
    await writeFile(join(folder, descriptionName), JSON.stringify(description));
  }

  /** @throws NodeAgentError image-invalid when the image has no such file */
  async file(path: string): Promise<string> {
    const root = await realpath(this.root);
    const found = await realpath(join(root, path)).catch(() => undefined);
    if (found === undefined || !found.startsWith(root + sep) || !(await stat(found)).isFile()) {
      throw new NodeAgentError('image-invalid', `The image ${this.digest} has no file ${path}.`);
    }
    return found;
  }

  /**
   * The disk of a containerDisk: the one file below /disk, or the file that the volume names.
   *
   * @throws NodeAgentError image-invalid
   */
  async diskFile(path: string | undefined): Promise<string> {
    if (path) return this.file(path);
    const names = await readdir(join(this.root, diskFolder)).catch(() => []);
    const [name] = names;
    if (name === undefined || names.length > 1) {
      const found = names.length === 0 ? 'none' : names.map((each) => basename(each)).join(', ');
      throw new NodeAgentError(
        'image-invalid',
        `The image ${this.digest} must have one file in /disk; it has ${found}.`,
      );
    }
    return this.file(join(diskFolder, name));
  }
}
