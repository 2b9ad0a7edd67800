import { defaultMemoryBytes, type PublishedImage } from '@osv/contracts';
import type { BuiltImage } from './image-state.ts';

/** What is kept of a finished build. */
export function builtImage(result: PublishedImage): BuiltImage {
  const { reference, sizeBytes, kernelVersion, entryPoint, sbom, compatibility } = result;
  return {
    reference,
    sizeBytes,
    kernelVersion,
    entryPoint,
    sbom,
    defaultMemoryBytes: defaultMemoryBytes({ kernelBytes: 0, rootBytes: sizeBytes }),
    missingSystemCalls: compatibility.missingSystemCalls,
    missingLibraries: compatibility.missingLibraries.map(({ name, neededBy }) => `${name} (for ${neededBy})`),
  };
}
