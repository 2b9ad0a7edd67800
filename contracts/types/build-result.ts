// Generated from contracts/build-result.schema.json by `npm run generate`; do not edit.

/**
 * What osv-builder says at its end, as one line of JSON: the image, or why there is none
 */
export type BuildResult = PublishedImage | BuildFailure;

/**
 * An image in a registry
 */
export interface PublishedImage {
  /**
   * registry/repository@digest
   */
  reference: string;
  /**
   * Digest of the OCI image manifest
   */
  digest: string;
  /**
   * What a node downloads
   */
  sizeBytes: number;
  kernelVersion: string;
  /**
   * What the image runs unless the app says otherwise; EntryPoint of image-manifest.schema.json
   */
  entryPoint: import('./image-manifest.ts').EntryPoint;
  /**
   * Reference by digest of the bill of materials, an artifact (CycloneDX 1.6) in the same repository
   */
  sbom: string;
  compatibility: Compatibility;
}
/**
 * What speaks against running the image, as far as it can be read from its binaries
 */
export interface Compatibility {
  /**
   * System calls that the binaries contain and that the kernel answers with ENOSYS; sorted. Many programs do without
   */
  missingSystemCalls: string[];
  /**
   * Shared libraries that programs of the image need and that it does not hold; sorted by name
   */
  missingLibraries: {
    name: string;
    /**
     * Path in the image
     */
    neededBy: string;
  }[];
  /**
   * How many entries were left out at the ends of the lists, so that the result fits into a termination message
   */
  omitted?: number;
}
export interface BuildFailure {
  error: {
    /**
     * A stable word, such as not-found
     */
    code: string;
    /**
     * A sentence that a person can act on
     */
    message: string;
    /**
     * Whether the same build may succeed later
     */
    temporary: boolean;
  };
}
