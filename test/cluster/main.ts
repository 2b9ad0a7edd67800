/**
 * `npm run cluster`: a real Kubernetes control plane on this machine's loopback, until Ctrl-C.
 *
 * stdout has one line, an `export` for the shell; progress and everything else goes to stderr.
 */
import { once } from 'node:events';
import { dirname } from 'node:path';
import { Command, Option } from 'commander';
import type { OwnedCluster } from './cluster.ts';
import { ClusterError } from './error.ts';
import { installOperator, operatorCommands } from './operator/install-operator.ts';
import type { KubevirtKind } from './options.ts';
import { parentEnds } from './processes/parent-ends.ts';
import { startCluster } from './start.ts';

interface Flags {
  readonly kubevirt: KubevirtKind;
  readonly keep: boolean;
  readonly operator: boolean;
}

const program = new Command('cluster')
  .usage('[--kubevirt KIND] [--operator] [--keep]')
  .description(
    'Starts etcd, kube-apiserver, kube-controller-manager, kube-scheduler, a registry and KubeVirt on loopback addresses\n' +
      'of this machine, prints how to reach them, and ends them all on Ctrl-C, SIGTERM or the end of its parent.',
  )
  .addHelpText(
    'before',
    'Examples:\n  npm run cluster\n  npm run cluster -- --operator\n  npm run cluster -- --kubevirt none --keep\n',
  )
  .addOption(
    new Option('--kubevirt <kind>', "KubeVirt's control plane: our double of it, or the programs of KUBEVIRT_BIN_DIR")
      .choices(['double', 'real', 'none'])
      .default('double'),
  )
  .option('--operator', 'make the images of operator and builder and install them by the chart', false)
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

function present(cluster: OwnedCluster, flags: Flags): void {
  say(`registry: ${cluster.registry.host} (plain HTTP)`);
  if (cluster.proxy) say(`pods are reached through the proxy ${cluster.proxy}`);
  say(`kubectl and helm: ${cluster.tools.kubectl}, ${cluster.tools.helm}`);
  say(`logs: ${cluster.folder}/logs`);
  if (!flags.operator && flags.kubevirt !== 'none') {
    say('no operator runs yet; --operator installs it, and so do');
    for (const line of operatorCommands(cluster)) say(`  ${line}`);
  }
  say('ready; Ctrl-C ends it');
  // kubectl and helm, which nobody needs to have, are in one folder.
  process.stdout.write(`export KUBECONFIG=${cluster.kubeconfig} PATH="${dirname(cluster.tools.kubectl)}:$PATH"\n`);
}

async function main(flags: Flags): Promise<number> {
  if (flags.operator && flags.kubevirt === 'none') {
    throw new ClusterError('unsupported', '--operator needs a node to run on, and so a KubeVirt');
  }
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
  if (flags.operator) {
    const installed = await Promise.race([ending, processFailed, installOperator(first, say)]);
    if (typeof installed === 'number') {
      await first.stop();
      return installed;
    }
  }
  present(first, flags);
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
