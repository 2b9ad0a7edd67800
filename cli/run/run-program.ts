import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { basename } from 'node:path';
import { LocalError } from '@osv/local/errors.ts';
import { findKernel } from '@osv/local/image/kernel-path.ts';
import { localImage } from '@osv/local/image/local-image.ts';
import { ImageTags } from '@osv/local/image/tags.ts';
import { startDetached } from '@osv/local/instance/detach.ts';
import type { InstanceExit, InstanceRecord } from '@osv/local/instance/record.ts';
import { Supervisor } from '@osv/local/instance/supervisor.ts';
import { parseMemorySize } from '@osv/local/machine/memory-size.ts';
import { parsePublishedPort } from '@osv/local/network/ports.ts';
import { refreshTargets } from '@osv/local/prometheus/service.ts';
import { type PreparedInstance, prepareInstance } from '@osv/local/start/prepare.ts';
import type { LocalImage } from '@osv/local/start/request.ts';
import { parseBind } from '@osv/local/start/volumes.ts';
import { resolveEnvironment } from '../commands/options.ts';
import type { RunOptions } from '../commands/run.ts';
import type { Context } from '../context.ts';
import { sinkTo } from './streams.ts';
import { resolveTarget, type Target } from './target.ts';

const gracePeriodSeconds = 10;
/** Added to a signal's number for an exit code, as by POSIX shells. */
const signalBase = 128;

/** `osv run`; resolves to the command's exit code. */
export async function runProgram(
  context: Context,
  targetWord: string,
  words: string[],
  options: RunOptions,
): Promise<number> {
  if (options.workdir && !options.workdir.startsWith('/')) {
    throw new LocalError('invalid-argument', `The working directory ${options.workdir} must begin with /.`);
  }
  const target = await resolveTarget(targetWord, new ImageTags(context.store.folders.cache));
  const image = await imageOf(context, targetWord, target);
  const binds = (options.volume ?? []).map(parseBind);
  const name = options.name ?? inventName(targetWord);
  const prepared = await prepareInstance(context.store, {
    name,
    nameInvented: options.name === undefined,
    kind: 'run',
    image,
    ...programWords(target, words),
    environment: resolveEnvironment(options.env, context.environment),
    ...(options.workdir ? { workingDirectory: options.workdir } : {}),
    machine: options.machine,
    icount: options.icount ?? false,
    ...(options.userNetwork ? { userNetwork: true } : {}),
    cpus: options.cpus ?? 1,
    ...(options.memory ? { memoryBytes: parseMemorySize(options.memory) } : {}),
    ports: [],
    publish: (options.publish ?? []).map(parsePublishedPort),
    network: options.network,
    volumes: [],
    binds,
    tracepoints: options.tracepoint ?? [],
    kernelArguments: options.kernelOption ?? [],
    gracePeriodSeconds,
    removeOnExit: options.rm ?? false,
  });
  await context.store.pruneExitedRuns(name);
  context.progress.clear();
  if (options.detach) {
    await startDetached(context.store, prepared.record, prepared.plan);
    await refreshTargets(context.store);
    context.stdout.write(`${name}\n`);
    return 0;
  }
  return runAttached(context, prepared);
}

async function imageOf(context: Context, word: string, target: Target): Promise<LocalImage> {
  if (target.kind === 'image') return localImage(target.tag.name, target.tag.image, target.tag.kernelPath);
  const kernelPath = await findKernel(context.environment);
  const { buildImage } = await import('@osv/image-builder');
  const image = await buildImage(target.source, {
    kernelPath,
    cacheDirectory: context.store.folders.cache,
    onProgress: (message) => context.progress.passing(`${word}: ${message}`),
  });
  return localImage(basename(word), image, kernelPath);
}

/** For a program, the words are its arguments; for anything else they are a command, and `--` may stand before it. */
function programWords(target: Target, words: string[]): { command?: string[]; arguments?: string[] } {
  if (target.kind === 'program') return { arguments: words };
  const command = words[0] === '--' ? words.slice(1) : words;
  return command.length > 0 ? { command } : {};
}

/** Runs in the foreground: our streams are the program's, our signals go to it, its exit code is ours. */
async function runAttached(context: Context, { record, plan }: PreparedInstance): Promise<number> {
  let supervisor: Supervisor | undefined;
  const readerGone = () => supervisor?.sendSignal(constants.signals.SIGPIPE);
  const interrupts = { count: 0 };
  let early: NodeJS.Signals | undefined;
  let hasEnded = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (hasEnded) return;
    if (!supervisor) {
      early ??= signal;
      return;
    }
    if (signal === 'SIGTERM') return void supervisor.stop(record.gracePeriodSeconds);
    interrupts.count += 1;
    if (interrupts.count > 1 && signal === 'SIGINT') return void supervisor.kill();
    supervisor.sendSignal(constants.signals[signal]);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  try {
    supervisor = await Supervisor.start(context.store, record, plan, {
      stdin: process.stdin,
      stdout: sinkTo(context.stdout, readerGone),
      stderr: sinkTo(context.stderr, () => {}),
    });
    if (early) onSignal(early);
    const ended = await supervisor.ended;
    return await report(context, ended);
  } catch (error) {
    // A terminal's Ctrl-C ends the tools that prepare the machine, too: what they say then is no news.
    if (early && !supervisor) return signalBase + constants.signals[early];
    throw error;
  } finally {
    // Still listened to: a signal must not take the place of the program's own end now.
    hasEnded = true;
    // An open terminal or pipe on stdin would keep this process waiting.
    process.stdin.unpipe();
    process.stdin.destroy();
  }
}

/** Signals of which shells say nothing either: the user pressed Ctrl-C, or the reader of a pipe has seen enough. */
const quietSignals = [constants.signals.SIGINT, constants.signals.SIGPIPE];

/** Little is said about a program that ended by itself, since stderr is its own: only what it cannot know. */
async function report(context: Context, record: InstanceRecord): Promise<number> {
  const exit: InstanceExit = record.exit ?? { code: 125, reason: 'machine-failed', message: 'The machine vanished.' };
  if (!exit.message) return exit.code;
  if (exit.reason === 'signal' && quietSignals.some((signal) => exit.code === signalBase + signal)) return exit.code;
  const log = await readFile(context.store.paths(record.name).kernelLog, 'utf8').catch(() => '');
  // A machine that never said a word leaves nothing worth keeping.
  if (log === '' && record.nameInvented) await context.store.remove(record);
  const where = log === '' || record.removeOnExit ? '' : ` (kernel messages: osv logs --kernel ${record.name})`;
  context.stderr.write(`osv: ${exit.message}${where}\n`);
  return exit.code;
}

function inventName(word: string): string {
  const base = basename(word)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40);
  return `${base || 'program'}-${randomBytes(3).toString('hex')}`;
}
