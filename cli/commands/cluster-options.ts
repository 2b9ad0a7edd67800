import type { Command } from 'commander';

/** The options by which every command on a cluster finds it; kubectl's. */
export function addClusterOptions(command: Command): Command {
  return command
    .option('-n, --namespace <NAME>', "the app's namespace; that of the context without it")
    .option('--context <NAME>', 'a context of the kubeconfig')
    .option('--kubeconfig <FILE>', 'the kubeconfig; else KUBECONFIG, else ~/.kube/config');
}
