import { beginLayout, endLayout, manifestType, putJson } from './layout.ts';

const cycloneDx = 'application/vnd.cyclonedx+json';
const empty = 'application/vnd.oci.empty.v1+json';

/** The tag under which tools look for the bill of materials of an image (cosign's SBOM_SPEC.md). */
export function billTag(imageDigest: string): string {
  return `${imageDigest.replace(':', '-')}.sbom`;
}

/**
 * Writes an OCI layout with a bill of materials as an artifact (OCI image-spec v1.1, manifest.md, "Guidelines for
 * Artifact Usage") that has the image as its subject, so that registries list it among the image's referrers.
 *
 * @returns digest of the artifact's manifest; equal bills of equal images have equal digests
 */
export async function writeBillLayout(
  bill: object,
  subject: { digest: string; sizeBytes: number },
  directory: string,
): Promise<string> {
  const blobs = await beginLayout(directory);
  const manifest = await putJson(
    blobs,
    {
      schemaVersion: 2,
      mediaType: manifestType,
      artifactType: cycloneDx,
      config: await putJson(blobs, {}, empty),
      layers: [await putJson(blobs, bill, cycloneDx)],
      subject: { mediaType: manifestType, digest: subject.digest, size: subject.sizeBytes },
    },
    manifestType,
  );
  await endLayout(directory, manifest);
  return manifest.digest;
}
