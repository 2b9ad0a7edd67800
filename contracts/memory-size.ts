export const mebibyte = 1024 * 1024;

/** What the kernel needs beside its image to start any program at all: page tables, stacks and buffers. */
const kernelFloorBytes = 1.5 * mebibyte;
/** What a program gets beyond its files unless it asks for more. */
const programRoomBytes = 96 * mebibyte;
const defaultStepBytes = 32 * mebibyte;

export interface ImageSize {
  /** How far up in memory the loaded kernel reaches. */
  kernelBytes: number;
  /** Size of the root file system image; read on demand, so only a part of it is ever in memory. */
  rootBytes: number;
}

/** The least memory, in bytes, with which a boot is worth trying. */
export function minimumMemoryBytes(image: ImageSize): number {
  return Math.ceil((kernelFloorBytes + image.kernelBytes) / mebibyte) * mebibyte;
}

/** Memory, in bytes, for a guest whose user named none: room for the program, and half its files in the page cache. */
export function defaultMemoryBytes(image: ImageSize): number {
  const wanted = programRoomBytes + image.kernelBytes + image.rootBytes / 2;
  return Math.ceil(wanted / defaultStepBytes) * defaultStepBytes;
}
