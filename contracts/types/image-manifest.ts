// Generated from contracts/image-manifest.schema.json by `npm run generate`; do not edit.

export type Digest = string;

/**
 * What a built image holds; written by the image builder, read by the operator and the local machine
 */
export interface ImageManifest {
  version: 1;
  /**
   * Digest of the OCI image manifest: the image's identity
   */
  digest: string;
  architecture: 'amd64' | 'arm64';
  builder: {
    version: string;
  };
  kernel: {
    version: string;
    digest: Digest;
    sizeBytes: number;
  };
  /**
   * The EROFS root file system
   */
  root: {
    digest: Digest;
    sizeBytes: number;
  };
  entryPoint: EntryPoint;
  /**
   * Names of the system calls that the program and its libraries can make, as far as they can be read from the binaries; sorted
   */
  systemCalls: string[];
  /**
   * Shared libraries that programs of the image need and that it does not hold; sorted by name
   */
  missingLibraries: MissingLibrary[];
  /**
   * CycloneDX 1.6
   */
  sbom: {
    [k: string]: unknown;
  };
}
/**
 * What the image runs unless the app says otherwise
 */
export interface EntryPoint {
  /**
   * Whole argv; empty when the source names no program
   */
  command: string[];
  /**
   * How many leading words of the command an app's args leave as they are: a container image's ENTRYPOINT. 1, the program, without it
   */
  fixedWords?: number;
  environment: string[];
  workingDirectory: string;
  user: {
    uid: number;
    gid: number;
  };
}
export interface MissingLibrary {
  /**
   * As in DT_NEEDED
   */
  name: string;
  /**
   * Path in the image
   */
  neededBy: string;
}
