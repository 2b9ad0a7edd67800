import { setImmediate as nextTurn } from 'node:timers/promises';

const limitMilliseconds = 10_000;

/**
 * Waits, by the machine's own clock, until a condition holds: for sockets and files, which no fake clock moves.
 *
 * @throws Error after 10 s, with the condition's text
 */
export async function waitFor(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + limitMilliseconds;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`This did not become true: ${condition}`);
    await nextTurn();
  }
}
