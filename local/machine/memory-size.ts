import { defaultMemoryBytes, type ImageSize, mebibyte, minimumMemoryBytes } from '@osv/contracts';
import { LocalError } from '../errors.ts';

export { mebibyte };

const multipliers: Record<string, number> = {
  '': 1,
  b: 1,
  k: 1024,
  m: mebibyte,
  g: 1024 * mebibyte,
  K: 1000,
  M: 1_000_000,
  G: 1_000_000_000,
  Ki: 1024,
  Mi: mebibyte,
  Gi: 1024 * mebibyte,
  Ti: 1024 * 1024 * mebibyte,
};

/**
 * Reads an amount of memory, in bytes: Kubernetes quantities (64Mi, 1Gi, 500M) and docker's lower-case letters (64m, 1g).
 *
 * @throws LocalError invalid-argument
 */
export function parseMemorySize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]{0,2})$/.exec(text.trim());
  const multiplier = match ? multipliers[match[2] ?? ''] : undefined;
  const bytes = multiplier === undefined ? Number.NaN : Number(match?.[1]) * multiplier;
  if (!Number.isFinite(bytes) || bytes <= 0) {
    throw new LocalError('invalid-argument', `"${text}" is no amount of memory; write it like 64Mi, 512m or 2Gi.`);
  }
  return Math.floor(bytes);
}

/**
 * The guest's memory in whole MiB.
 *
 * @throws LocalError memory-too-small when `requestedBytes` cannot hold the kernel
 */
export function chooseMemoryMebibytes(image: ImageSize, requestedBytes: number | undefined): number {
  if (requestedBytes === undefined) return defaultMemoryBytes(image) / mebibyte;
  const minimum = minimumMemoryBytes(image);
  if (requestedBytes < minimum) {
    throw new LocalError(
      'memory-too-small',
      `${formatMebibytes(requestedBytes)} of memory is too little: this image needs at least ${formatMebibytes(minimum)}.`,
    );
  }
  return Math.floor(requestedBytes / mebibyte);
}

function formatMebibytes(bytes: number): string {
  const amount = bytes / mebibyte;
  return `${Number.isInteger(amount) ? amount : amount.toFixed(1)} MiB`;
}
