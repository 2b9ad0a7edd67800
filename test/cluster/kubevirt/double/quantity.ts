type Form = 'binary' | 'decimal' | 'exponent';

const binary = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
const decimal = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'];
const nanosInOne = 1_000_000_000n;
const pattern = /^([+-]?)(\d+\.?\d*|\.\d+)(Ki|Mi|Gi|Ti|Pi|Ei|[numkMGTPE]|[eE][+-]?\d+)?$/;

/**
 * A Kubernetes quantity such as `500m`, `128Mi` or `1e3`: exact, and written back in the canonical form of the suffix
 * that it was read with (Kubernetes documentation, "Quantity"; package k8s.io/apimachinery/pkg/api/resource).
 *
 * ```ts
 * Quantity.parse('1.5Gi').toString(); // 1536Mi
 * ```
 */
export class Quantity {
  readonly #nanos: bigint;
  readonly #form: Form;

  private constructor(nanos: bigint, form: Form) {
    this.#nanos = nanos;
    this.#form = form;
  }

  /** @throws TypeError when the text is no quantity */
  static parse(text: string | number): Quantity {
    const [, sign, digits = '', suffix = ''] = pattern.exec(String(text)) ?? [];
    if (sign === undefined) throw new TypeError(`${JSON.stringify(text)} is no quantity.`);
    const [whole = '', fraction = ''] = digits.split('.');
    const [multiplier, divisor, form] = scaleOf(suffix);
    const numerator = BigInt(`${whole}${fraction}` || '0') * nanosInOne * multiplier;
    const denominator = 10n ** BigInt(fraction.length) * divisor;
    const nanos = divideUp(numerator, denominator);
    return new Quantity(sign === '-' ? -nanos : nanos, form);
  }

  /** A whole number of bytes, as a binary quantity. */
  static bytes(count: bigint | number): Quantity {
    return new Quantity(BigInt(count) * nanosInOne, 'binary');
  }

  /** An absent or unreadable quantity counts as 0, as in KubeVirt's own reading of absent resources. */
  static of(text: string | number | undefined): Quantity {
    return text !== undefined && pattern.test(String(text)) ? Quantity.parse(text) : new Quantity(0n, 'decimal');
  }

  static isValid(text: string | number): boolean {
    return pattern.test(String(text));
  }

  /** Rounded up to a whole number. */
  get value(): bigint {
    return divideUp(this.#nanos, nanosInOne);
  }

  /** Thousandths, rounded up. */
  get milliValue(): bigint {
    return divideUp(this.#nanos, nanosInOne / 1000n);
  }

  get isZero(): boolean {
    return this.#nanos === 0n;
  }

  /** A sum keeps the form of its first part, and takes the other's when the first is 0. */
  plus(other: Quantity): Quantity {
    return new Quantity(this.#nanos + other.#nanos, this.isZero ? other.#form : this.#form);
  }

  /** Negative, 0 or positive, for sorting and comparing. */
  compare(other: Quantity): number {
    return this.#nanos < other.#nanos ? -1 : this.#nanos > other.#nanos ? 1 : 0;
  }

  toString(): string {
    if (this.isZero) return '0';
    return this.#form === 'binary' && this.#isWhole && this.#magnitude >= 1024n * nanosInOne
      ? this.#write(binary, 1024n, nanosInOne)
      : this.#form === 'exponent'
        ? this.#writeExponent()
        : this.#write(decimal, 1000n, 1n);
  }

  get #isWhole(): boolean {
    return this.#nanos % nanosInOne === 0n;
  }

  get #magnitude(): bigint {
    return this.#nanos < 0n ? -this.#nanos : this.#nanos;
  }

  /** With the largest suffix that leaves no fraction. */
  #write(suffixes: readonly string[], step: bigint, unit: bigint): string {
    let amount = this.#nanos / unit;
    let index = 0;
    while (index + 1 < suffixes.length && amount % step === 0n) {
      amount /= step;
      index++;
    }
    return `${amount}${suffixes[index]}`;
  }

  #writeExponent(): string {
    let amount = this.#nanos;
    let exponent = -9;
    while (amount % 1000n === 0n) {
      amount /= 1000n;
      exponent += 3;
    }
    return exponent === 0 ? `${amount}` : `${amount}e${exponent}`;
  }
}

function scaleOf(suffix: string): [multiplier: bigint, divisor: bigint, form: Form] {
  const binaryPower = binary.indexOf(suffix);
  if (binaryPower > 0) return [1024n ** BigInt(binaryPower), 1n, 'binary'];
  if (/^[eE]./.test(suffix)) {
    const exponent = BigInt(suffix.slice(1));
    return exponent < 0n ? [1n, 10n ** -exponent, 'exponent'] : [10n ** exponent, 1n, 'exponent'];
  }
  const power = BigInt(decimal.indexOf(suffix)) - 3n;
  return power < 0n ? [1n, 1000n ** -power, 'decimal'] : [1000n ** power, 1n, 'decimal'];
}

function divideUp(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator;
  return numerator > 0n && numerator % denominator !== 0n ? quotient + 1n : quotient;
}
