/** How random addresses are, judged by a sample of boots. */

export type Sample = Readonly<Record<string, string>>;

export interface AreaJudgement {
  readonly area: string;
  /** Different values in the sample. */
  readonly distinct: number;
  /** Bit positions that were seen both as 0 and as 1: an upper bound of the entropy. */
  readonly changingBits: number;
}

/** Judges every area of the sample. */
export function judge(samples: readonly Sample[]): AreaJudgement[] {
  const areas = Object.keys(samples[0] ?? {});
  return areas.map((area) => {
    const values = samples.map((sample) => BigInt(`0x${sample[area] ?? '0'}`));
    const [first = 0n] = values;
    const changed = values.reduce((bits, value) => bits | (value ^ first), 0n);
    return {
      area,
      distinct: new Set(values).size,
      changingBits: [...changed.toString(2)].filter((bit) => bit === '1').length,
    };
  });
}

const bitsWanted = 20;
/** The kernel maps all physical memory in pages of 1 GiB, and the addresses of its heap lie there. */
const bitsWantedIn: Readonly<Record<string, number>> = { kernelHeap: 15 };

/** Why the sample is not random enough; empty if it is. With b bits, n boots repeat n²/2^(b+1) values on the average. */
export function complaints(judgements: readonly AreaJudgement[], boots: number): string[] {
  return judgements.flatMap(({ area, distinct, changingBits }) => {
    const wanted = bitsWantedIn[area] ?? bitsWanted;
    const repeatsAllowed = 2 + Math.ceil((4 * boots * boots) / 2 ** (wanted + 1));
    const lines: string[] = [];
    if (boots - distinct > repeatsAllowed) lines.push(`${area}: ${distinct} different values in ${boots} boots`);
    if (boots >= 50 && changingBits < wanted) lines.push(`${area}: only ${changingBits} bits ever change`);
    return lines;
  });
}
