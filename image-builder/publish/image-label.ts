import type { ImageManifest } from '@osv/contracts';

/**
 * The label of an image that holds what is known about it, so that whoever finds the image in a registry needs nothing
 * else: the image manifest without what depends on the label (the digest) and what is large (the bill of materials).
 */
export const imageLabelName = 'dev.osvapp.image';

export type ImageLabel = Omit<ImageManifest, 'digest' | 'sbom'>;

/** The label's value, or undefined for an image that another builder or another tool has made. */
export function readImageLabel(labels: Record<string, string> | undefined): ImageLabel | undefined {
  const text = labels?.[imageLabelName];
  if (text === undefined) return undefined;
  try {
    const label = JSON.parse(text) as ImageLabel;
    return label.version === 1 ? label : undefined;
  } catch {
    return undefined;
  }
}
