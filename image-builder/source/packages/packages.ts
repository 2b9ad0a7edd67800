import { createHash } from 'node:crypto';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { builderVersion } from '../../builder-version.ts';
import { writeAtomically } from '../../cache/write-atomically.ts';
import type { BlobStore } from '../../contents/blob-store.ts';
import { FileTree } from '../../contents/file-tree.ts';
import { readContent } from '../../contents/read-file.ts';
import { fileDigest } from '../../contents/tree-digest.ts';
import { BuildError } from '../../error.ts';
import { streamTool } from '../../run-tool.ts';
import { unpackTar } from '../archive/tar.ts';
import { addMergedUsr } from '../host-program.ts';
import { type Alternative, addAlternatives, alternativesIn } from './alternatives.ts';
import { Apt, type DebianPackage } from './apt.ts';

interface Options {
  readonly onProgress?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Not with a - at its end, by which apt-get takes a package away. */
const namePattern = /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.]$/;

/** Debian packages with their dependencies, of which exact versions are known. */
export class PackageSet {
  readonly packages: readonly DebianPackage[];
  readonly #apt: Apt;
  readonly #options: Options;

  private constructor(packages: readonly DebianPackage[], apt: Apt, options: Options) {
    this.packages = packages;
    this.#apt = apt;
    this.#options = options;
  }

  /**
   * Finds the exact packages; the answer is kept until the package lists change.
   *
   * @throws BuildError `packages`
   */
  static async resolve(names: readonly string[], aptDirectory: string, options: Options): Promise<PackageSet> {
    const odd = names.find((name) => !namePattern.test(name));
    if (odd !== undefined) throw new BuildError('packages', `${JSON.stringify(odd)} is no name of a Debian package`);
    const apt = await Apt.create(aptDirectory, options.signal);
    await apt.updateLists({ ...(options.onProgress && { onProgress: options.onProgress }) });
    const key = createHash('sha256')
      .update(JSON.stringify([builderVersion(), await apt.listsDate(), names]))
      .digest('hex');
    const record = join(aptDirectory, 'resolved', `${key}.json`);
    const known = await readFile(record, 'utf8')
      .then((text) => JSON.parse(text) as DebianPackage[])
      .catch(() => undefined);
    if (known) return new PackageSet(known, apt, options);
    options.onProgress?.(`resolving ${names.join(', ')}`);
    const packages = await apt.resolve(names);
    await mkdir(join(aptDirectory, 'resolved'), { recursive: true });
    await writeAtomically(record, JSON.stringify(packages));
    return new PackageSet(packages, apt, options);
  }

  /**
   * Downloads the packages, compares their digests with apt's signed index, and unpacks them.
   *
   * @throws BuildError `download` or `bad-archive`
   */
  async unpack(blobs: BlobStore): Promise<FileTree> {
    await this.#apt.download(this.packages, this.#options.onProgress);
    this.#options.onProgress?.(`unpacking ${this.packages.length} packages`);
    const tree = new FileTree();
    addMergedUsr(tree);
    const alternatives: Alternative[] = [];
    let packedBytes = 0;
    for (const debianPackage of this.packages) {
      packedBytes += debianPackage.sizeBytes;
      await this.#unpackOne(debianPackage, tree, blobs, packedBytes);
      alternatives.push(...alternativesIn(await this.#configureScript(debianPackage, blobs, packedBytes)));
    }
    addAlternatives(tree, alternatives);
    return tree;
  }

  /** The script that dpkg would run after unpacking; empty where a package has none. */
  async #configureScript({ fileName }: DebianPackage, blobs: BlobStore, packedBytes: number): Promise<string> {
    const path = join(this.#apt.archives, fileName);
    const control = new FileTree();
    const signal = this.#options.signal;
    await streamTool('dpkg-deb', ['--ctrl-tarfile', path], { package: 'dpkg', ...(signal && { signal }) }, (stream) =>
      unpackTar(stream, control, blobs, () => packedBytes),
    );
    const script = control.lookup('/postinst');
    return script?.type === 'file' ? (await readContent(script)).toString() : '';
  }

  async #unpackOne(
    { name, fileName, sha256 }: DebianPackage,
    tree: FileTree,
    blobs: BlobStore,
    packedBytes: number,
  ): Promise<void> {
    const path = join(this.#apt.archives, fileName);
    if ((await fileDigest(path)) !== sha256) {
      await rm(path, { force: true });
      const sentence = `The package file of ${name} is damaged and has been removed; try again`;
      throw new BuildError('download', sentence);
    }
    const signal = this.#options.signal;
    await streamTool('dpkg-deb', ['--fsys-tarfile', path], { package: 'dpkg', ...(signal && { signal }) }, (stream) =>
      unpackTar(stream, tree, blobs, () => packedBytes),
    );
  }
}
