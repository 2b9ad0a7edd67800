/** What Linux prints for each case, kept by the program's bytes so that a second run asks Linux only for new ones. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildFolder } from '../guest/paths.ts';
import type { ConformanceCase } from './cases.ts';
import type { Outcome } from './outcome.ts';
import { runOnLinux } from './run-on-linux.ts';

function keyOf(one: ConformanceCase): string {
  return createHash('sha256')
    .update(readFileSync(join(one.root, one.path)))
    .update(JSON.stringify([one.path, one.program.arguments, one.program.input, one.program.libraries]))
    .digest('hex')
    .slice(0, 24);
}

export async function expectedOf(one: ConformanceCase, timeoutMs: number, fresh: boolean): Promise<Outcome> {
  const path = join(buildFolder('conformance', 'expected'), keyOf(one));
  if (!fresh && existsSync(path)) {
    const kept = JSON.parse(readFileSync(path, 'utf8')) as { end: Outcome['end']; stdout: string; stderr: string };
    return { end: kept.end, stdout: Buffer.from(kept.stdout, 'base64'), stderr: Buffer.from(kept.stderr, 'base64') };
  }
  const outcome = await runOnLinux(one, timeoutMs);
  const unusable =
    outcome.end.kind === 'timeout' || (outcome.end.kind === 'exit' && outcome.end.code >= 98 && outcome.end.code < 128);
  if (!unusable) {
    const kept = {
      end: outcome.end,
      stdout: outcome.stdout.toString('base64'),
      stderr: outcome.stderr.toString('base64'),
    };
    writeFileSync(path, JSON.stringify(kept));
  }
  return outcome;
}
