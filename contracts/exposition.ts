/** One sample of the Prometheus or OpenMetrics text format. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const linePattern = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)/;
const labelPattern = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)"/g;

/** Reads an exposition; lines that are no samples are passed over. */
export function parseExposition(text: string): Sample[] {
  return text.split('\n').flatMap((line) => {
    const match = linePattern.exec(line);
    if (!match || line.startsWith('#')) return [];
    const labels = Object.fromEntries(
      [...(match[2] ?? '').matchAll(labelPattern)].map((label) => [label[1] ?? '', unescapeLabel(label[2] ?? '')]),
    );
    return [{ name: match[1] ?? '', labels, value: Number(match[3]) }];
  });
}

function unescapeLabel(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

/** The sum of all samples of a name that carry these labels; 0 when there are none. */
export function sumOfSamples(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((total, sample) => total + sample.value, 0);
}
