import { resources } from '@osv/operator/kubernetes';
import { CommandError } from '../../command-error.ts';
import { getApp } from '../app.ts';
import type { ClusterConnection } from '../connect.ts';
import { follow } from '../follow.ts';
import { judgeRollout, type Verdict } from './judge.ts';

/** A rollout that failed is no failure of the tool. */
const rolloutFailedExitCode = 1;

export interface StatusOptions {
  /** Waits until the rollout has come to its end. */
  watch: boolean;
  /** 0: for as long as it takes. */
  timeoutSeconds: number;
  /** Something else is going on now. */
  onProgress: (message: string) => void;
}

/**
 * @returns a sentence for the person who called
 * @throws CommandError rollout-failed with exit code 1 when it is stuck or not over in time; app-not-found
 */
export async function rolloutStatus(
  connection: ClusterConnection,
  name: string,
  options: StatusOptions,
): Promise<string> {
  const present = judgeRollout(await getApp(connection, name));
  if (!options.watch) return ended(name, present) ?? present.message;
  const stop = new AbortController();
  const timer = options.timeoutSeconds > 0 ? setTimeout(() => stop.abort(), options.timeoutSeconds * 1000) : undefined;
  try {
    return await waitForEnd(connection, name, options, stop.signal);
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}

async function waitForEnd(
  { client, namespace }: ClusterConnection,
  name: string,
  { timeoutSeconds, onProgress }: StatusOptions,
  signal: AbortSignal,
): Promise<string> {
  let said = '';
  const say = (message: string) => {
    if (message !== said) onProgress(message);
    said = message;
  };
  const selection = { namespace, fieldSelector: `metadata.name=${name}` };
  let found = false;
  for await (const event of follow(client, resources.osvApps, { ...selection, signal, onTrouble: say })) {
    if (event.type === 'listed') {
      if (!found) throw new CommandError('rollout-failed', `${name} is gone.`, { exitCode: rolloutFailedExitCode });
      continue;
    }
    if (event.object.metadata.name !== name) continue;
    found = event.type === 'changed';
    if (!found)
      throw new CommandError('rollout-failed', `${name} has been deleted.`, { exitCode: rolloutFailedExitCode });
    const verdict = judgeRollout(event.object);
    const end = ended(name, verdict);
    if (end) return end;
    say(verdict.message);
  }
  const message = `The rollout of ${name} has not come to its end in ${timeoutSeconds} s. ${said}`;
  throw new CommandError('rollout-failed', message.trim(), { exitCode: rolloutFailedExitCode });
}

/** @returns undefined while it goes on @throws CommandError rollout-failed */
function ended(name: string, { state, message }: Verdict): string | undefined {
  if (state === 'complete') return `${name} is rolled out. ${message}`;
  if (state === 'going-on') return undefined;
  throw new CommandError('rollout-failed', `The rollout of ${name} has failed. ${message}`, {
    exitCode: rolloutFailedExitCode,
  });
}
