import { expect, test } from 'vitest';
import { chooseMemoryMebibytes, mebibyte, parseMemorySize } from './memory-size.ts';

test.each([
  ['64Mi', 64 * mebibyte],
  ['64m', 64 * mebibyte],
  ['1.5Gi', 1536 * mebibyte],
  ['500M', 500_000_000],
  ['4096', 4096],
])('%s is %d bytes', (text, bytes) => {
  expect(parseMemorySize(text)).toBe(bytes);
});

test.each(['', '-1', '12x', '0', 'Mi', '1e9'])('%j is no amount of memory', (text) => {
  expect(() => parseMemorySize(text)).toThrow(/is no amount of memory/);
});

const image = { kernelBytes: 2 * mebibyte, rootBytes: 40 * mebibyte };

test('the default grows with the image', () => {
  const small = chooseMemoryMebibytes({ ...image, rootBytes: mebibyte }, undefined);
  expect(chooseMemoryMebibytes({ ...image, rootBytes: 400 * mebibyte }, undefined)).toBeGreaterThan(small);
});

test('too little memory is refused with the least that could do', () => {
  expect(() => chooseMemoryMebibytes(image, 3 * mebibyte)).toThrow(
    '3 MiB of memory is too little: this image needs at least 4 MiB.',
  );
  expect(chooseMemoryMebibytes(image, 10 * mebibyte)).toBe(10);
});
