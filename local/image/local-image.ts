import type { BuiltImage } from '@osv/image-builder';
import type { LocalImage } from '../start/request.ts';

/** A built image with the kernel of this machine, ready to be started. */
export function localImage(name: string, image: BuiltImage, kernelPath: string): LocalImage {
  const { manifest } = image;
  return {
    name,
    digest: manifest.digest,
    kernelVersion: manifest.kernel.version,
    kernelPath,
    rootPath: image.rootImagePath,
    rootBytes: manifest.root.sizeBytes,
    entryPoint: manifest.entryPoint,
  };
}
