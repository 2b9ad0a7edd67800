import { expect, test } from 'vitest';
import { parseReference } from '../../registry/reference.ts';
import { imageManifest } from './manifest.ts';

const reference = parseReference('registry.example/apps:1');
const descriptor = (size: number) => ({ mediaType: 'x', digest: `sha256:${'0'.repeat(64)}`, size });

function bounded(...sizes: number[]) {
  return imageManifest({ config: descriptor(1), layers: sizes.map(descriptor) }, reference);
}

test('layers are bounded by the sum of their sizes, which none of them lowers', () => {
  expect(bounded(0, 2 ** 30).layers).toHaveLength(2);
  expect(() => bounded(2 ** 40)).toThrow(/is larger than/);
  expect(() => bounded(2 ** 40, -(2 ** 40))).toThrow(/is no image/);
});
