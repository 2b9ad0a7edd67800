const secondsOf = { d: 86_400, h: 3_600, m: 60, s: 1 } as const;

/** The time between two moments as kubectl shows ages: 5s, 3m12s, 2h5m, 4d3h. */
export function formatAge(from: Date, to: Date): string {
  let rest = Math.max(0, Math.floor((to.getTime() - from.getTime()) / 1000));
  const parts: string[] = [];
  for (const [unit, seconds] of Object.entries(secondsOf)) {
    const count = Math.floor(rest / seconds);
    if (count > 0 || (unit === 's' && parts.length === 0)) parts.push(`${count}${unit}`);
    rest -= count * seconds;
  }
  return parts.slice(0, 2).join('');
}

/** Bytes in the largest binary unit that keeps the number readable: 640B, 12.5Mi, 2.0Gi. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'Ki', 'Mi', 'Gi', 'Ti'];
  let [amount, unit] = [bytes, 0];
  while (amount >= 1024 && unit < units.length - 1) [amount, unit] = [amount / 1024, unit + 1];
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)}${units[unit]}`;
}
