import type { EntryPoint } from '@osv/contracts';

/** What the operator needs to know of a finished image. */
export interface BuiltImage {
  /** By digest. */
  readonly reference: string;
  readonly sizeBytes: number;
  readonly kernelVersion: string;
  readonly entryPoint: EntryPoint;
  /** Reference by digest of the bill of materials. */
  readonly sbom: string;
  /** Memory, in bytes, for an instance whose app names none. */
  readonly defaultMemoryBytes: number;
  /** Names of system calls that the program can make and the kernel does not have. */
  readonly missingSystemCalls: readonly string[];
  readonly missingLibraries: readonly string[];
}

/** Where the image of a key stands. */
export type ImageState =
  | { readonly state: 'absent' }
  | {
      readonly state: 'building';
      /** A sentence about what keeps the build from beginning, if somebody has to do something about it. */
      readonly obstacle?: string;
    }
  | { readonly state: 'built'; readonly image: BuiltImage }
  | {
      readonly state: 'failed';
      readonly code: string;
      readonly message: string;
      /** Whether the same build may succeed later. */
      readonly temporary: boolean;
      /** Tries so far, this one included. */
      readonly attempts: number;
      /** When the next try is due; undefined when trying again cannot help. */
      readonly retryAt: Date | undefined;
    };
