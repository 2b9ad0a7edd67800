const units: Readonly<Record<string, number>> = {
  '': 1,
  k: 1000,
  M: 1000 ** 2,
  G: 1000 ** 3,
  T: 1000 ** 4,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
};

/**
 * The bytes of a quantity of memory or storage, rounded up to a whole one as Kubernetes does. The client library's own
 * reader takes no fractions such as 1.5Gi.
 *
 * Source: Kubernetes documentation, "Quantity".
 *
 * @throws TypeError for what the schema of OsvApp lets nobody write
 */
export function quantityBytes(text: string): number {
  const [, number = '', unit = ''] = /^([0-9]+(?:[.][0-9]+)?)([A-Za-z]*)$/.exec(text) ?? [];
  const factor = units[unit];
  if (number === '' || factor === undefined) throw new TypeError(`${JSON.stringify(text)} is no quantity of bytes.`);
  return Math.ceil(Number(number) * factor);
}
