/**
 * `npm run cluster`: a real Kubernetes control plane on this machine's loopback, until Ctrl-C.
 *
 * stdout has one line, an `export` for the shell; progress and everything else goes to stderr.
 */
import { once } from 'node:events';
import { Command, Option } from 'commander';
import type { OwnedCluster } from './cluster.ts';
import { ClusterError } from './error.ts';
import type { KubevirtKind } from './options.ts';
import { parentEnds } from './processes/parent-ends.ts';
import { startCluster } from './start.ts';

interface Flags {
  readonly kubevirt: KubevirtKind;
  readonly keep: boolean;
}

const program = new Command('cluster')
  .usage('[--kubevirt KIND] [--keep]')
  .description(
    'Starts etcd, kube-apiserver, kube-controller-manager, kube-scheduler, a registry and KubeVirt on loopback addresses\n' +
      'of this machine, prints how to reach them, and ends them all on Ctrl-C, SIGTERM or the end of its parent.',
  )
  .addHelpText('before', 'Examples:\n  npm run cluster\n  npm run cluster -- --kubevirt none --keep\n')
  .addOption(
    new Option('--kubevirt <kind>', "KubeVirt's control plane: our double of it, or the programs of KUBEVIRT_BIN_DIR")
      .choices(['double', 'real', 'none'])
      .default('double'),
  )
  .option('--keep', 'leave the folder with all state and logs', false);

const say = (line: string): void => void process.stderr.write(`cluster: ${line}\n`);

/** Resolves when this command is to end, with its exit code. */
async function untilToldToEnd(signal: AbortSignal): Promise<number> {
  const signals = Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 });
  return Promise.race([
    ...signals.map(([name, code]) => once(process, name, { signal }).then(() => code)),
    parentEnds(signal).then(() => 143),
  ]);
}

function present(cluster: OwnedCluster): void {
  say(`registry: ${cluster.registry.host} (plain HTTP)`);
  if (cluster.proxy) say(`pods are reached through the proxy ${cluster.proxy}`);
  say(`kubectl and helm: ${cluster.tools.kubectl}, ${cluster.tools.helm}`);
  say(`logs: ${cluster.folder}/logs`);
  say('ready; Ctrl-C ends it');
  process.stdout.write(`export KUBECONFIG=${cluster.kubeconfig}\n`);
}

async function main(flags: Flags): Promise<number> {
  const listening = new AbortController();
  let failed: (sentence: string) => void = say;
  const processFailed = new Promise<number>((resolve) => {
    failed = (sentence) => {
      say(sentence);
      resolve(1);
    };
  });
  const ending = untilToldToEnd(listening.signal);
  const starting = startCluster({ ...flags, progress: say, onUnexpectedEnd: (sentence) => failed(sentence) });
  const first = await Promise.race([ending, starting]);
  // Told to end while it starts: what runs by now dies with this process.
  if (typeof first === 'number') return first;
  present(first);
  const code = await Promise.race([ending, processFailed]);
  listening.abort();
  say('ending');
  await first.stop();
  say(flags.keep ? `ended; its folder is ${first.folder}` : 'ended; nothing is left');
  return code;
}

program.parse();
try {
  process.exit(await main(program.opts<Flags>()));
} catch (error) {
  say(error instanceof ClusterError ? error.message : String((error as Error).stack));
  process.exit(125);
}
