import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const cycloneDx = 'application/vnd.cyclonedx+json';
const empty = 'application/vnd.oci.empty.v1+json';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

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
  const blobs = join(directory, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const put = async (value: object, mediaType: string): Promise<Descriptor> => {
    const bytes = Buffer.from(JSON.stringify(value));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, sha256), bytes);
    return { mediaType, digest: `sha256:${sha256}`, size: bytes.length };
  };
  const manifest = await put(
    {
      schemaVersion: 2,
      mediaType: manifestType,
      artifactType: cycloneDx,
      config: await put({}, empty),
      layers: [await put(bill, cycloneDx)],
      subject: { mediaType: manifestType, digest: subject.digest, size: subject.sizeBytes },
    },
    manifestType,
  );
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const index = { schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests: [manifest] };
  await writeFile(join(directory, 'index.json'), JSON.stringify(index));
  return manifest.digest;
}
