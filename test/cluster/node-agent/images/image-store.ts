import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { formatReference, parseReference } from '@osv/image-builder';
import { markUsed, removeUnused } from '../../cache-folder.ts';
import { messageOf, NodeAgentError } from '../error.ts';
import { runTool } from '../run-tool.ts';
import { readLayout, unpackLayers, verifyLayout } from './oci-layout.ts';
import { UnpackedImage } from './unpacked-image.ts';

export interface ImageStoreOptions {
  /** Unpacked images by digest; may be shared by several agents. */
  folder: string;
  /** Registries that speak plain HTTP, as HOST:PORT; `*` for all. */
  insecureRegistries: readonly string[];
  /** Path of a file in the form of ~/.docker/config.json. */
  authenticationFile?: string | undefined;
  /** Why a pull is to fail, for tests; undefined lets it through. */
  failure?: (reference: string) => string | undefined;
}

/** How long a registry may take for one image. */
const pullLimitMilliseconds = 300_000;
/** Every change of kernel or program makes another image, so those of the past are many. */
const unusedDaysMax = 3;

/**
 * Pulls images as a kubelet would, and keeps them unpacked under their digest. Two pulls of one image are one; an image
 * that is here needs no registry. One that nobody has pulled for days is removed when another one comes.
 */
export class ImageStore {
  readonly #options: ImageStoreOptions;
  readonly #pulls = new Map<string, Promise<UnpackedImage>>();

  constructor(options: ImageStoreOptions) {
    this.#options = options;
  }

  /** @throws NodeAgentError pull-failed, image-invalid */
  async pull(reference: string): Promise<UnpackedImage> {
    const refusal = this.#options.failure?.(reference);
    if (refusal !== undefined) throw new NodeAgentError('pull-failed', `${reference} cannot be pulled: ${refusal}`);
    const running = this.#pulls.get(reference);
    if (running) return running;
    const pull = this.#pull(reference).finally(() => this.#pulls.delete(reference));
    this.#pulls.set(reference, pull);
    return pull;
  }

  async #pull(reference: string): Promise<UnpackedImage> {
    const parsed = parseReference(reference);
    const signal = AbortSignal.timeout(pullLimitMilliseconds);
    const digest = parsed.digest ?? (await this.#resolve(formatReference(parsed), parsed.registry, signal));
    const folder = join(this.#options.folder, digest.replace(':', '-'));
    const present = await UnpackedImage.open(folder, digest);
    if (present) {
      await markUsed(folder);
      return present;
    }
    const scratch = `${folder}.${process.pid}.${Date.now().toString(36)}`;
    try {
      const layout = join(scratch, 'layout');
      await mkdir(layout, { recursive: true });
      const repository = `${parsed.registry}/${parsed.repository}@${digest}`;
      await this.#skopeo(
        ['copy', '--quiet', '--preserve-digests', ...this.#transport('src-', parsed.registry)],
        [`docker://${repository}`, `oci:${layout}:image`],
        signal,
      );
      await verifyLayout(layout, digest);
      const image = await readLayout(layout);
      await unpackLayers(image, join(scratch, 'root'));
      await UnpackedImage.write(scratch, { digest, configuration: image.configuration });
      await rm(layout, { recursive: true });
      await rename(scratch, folder).catch(async (error) => {
        // Another agent was faster; its copy is as good.
        if (!(await UnpackedImage.open(folder, digest))) throw error;
      });
    } catch (error) {
      throw error instanceof NodeAgentError && error.code === 'image-invalid'
        ? error
        : new NodeAgentError('pull-failed', `${reference} cannot be pulled: ${messageOf(error)}`, { cause: error });
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
    const pulled = await UnpackedImage.open(folder, digest);
    if (!pulled) throw new NodeAgentError('pull-failed', `${reference} vanished from ${this.#options.folder}.`);
    await removeUnused(this.#options.folder, unusedDaysMax);
    return pulled;
  }

  /** The digest that a tag names now. */
  async #resolve(reference: string, registry: string, signal: AbortSignal): Promise<string> {
    try {
      const flags = ['inspect', '--no-tags', '--format', '{{.Digest}}', ...this.#transport('', registry)];
      return (await this.#skopeo(flags, [`docker://${reference}`], signal)).trim();
    } catch (error) {
      throw new NodeAgentError('pull-failed', `${reference} cannot be pulled: ${messageOf(error)}`, { cause: error });
    }
  }

  #skopeo(flags: readonly string[], operands: readonly string[], signal: AbortSignal): Promise<string> {
    return runTool('skopeo', ['--insecure-policy', ...flags, ...operands], signal);
  }

  #transport(prefix: 'src-' | '', registry: string): string[] {
    const { insecureRegistries, authenticationFile } = this.#options;
    const insecure = insecureRegistries.some((name) => name === '*' || name === registry);
    return [
      ...(insecure ? [`--${prefix}tls-verify=false`] : []),
      ...(authenticationFile === undefined ? [] : ['--authfile', authenticationFile]),
    ];
  }
}
