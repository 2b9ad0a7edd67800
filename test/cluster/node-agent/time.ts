/** RFC 3339 in whole seconds, as `metav1.Time` is written. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** RFC 3339 in microseconds, as `metav1.MicroTime` is written. */
export function microTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/Z$/, '000Z');
}
