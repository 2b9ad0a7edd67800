import { isDeepStrictEqual } from 'node:util';

type Fields = Record<string, unknown>;

/**
 * The JSON merge patch (RFC 7396) that turns `from` into `to`, or undefined when they are equal. Lists are replaced as a
 * whole; a field that `to` lacks is deleted by null.
 */
export function mergeDiff(from: object, to: object): object | undefined {
  const before = from as Fields;
  const after = to as Fields;
  const patch: Fields = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[name], after[name]];
    if (isDeepStrictEqual(old, now)) continue;
    if (now === undefined) patch[name] = null;
    else if (isFields(old) && isFields(now)) patch[name] = mergeDiff(old, now);
    else patch[name] = now;
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
