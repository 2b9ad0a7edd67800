import type { Command } from 'commander';
import type { ClusterOptions } from '../cluster/connect.ts';
import type { Context } from '../context.ts';
import type { OutputFormat } from '../output/listing.ts';
import { addClusterOptions } from './cluster-options.ts';
import { addExamples, addOutputOption } from './options.ts';

const examples = `
Examples:
  osv apps                  the apps of the context's namespace, and what each is doing
  osv apps -A -o wide       of all namespaces, with their images
  osv apps -l tier=cache -w
  osv apps -o name
`;

interface AppsOptions extends ClusterOptions {
  allNamespaces?: boolean;
  selector?: string;
  watch?: boolean;
  output: OutputFormat;
}

export function define(command: Command, context: Context): void {
  addOutputOption(addClusterOptions(addExamples(command, context, examples)))
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <LABELS>', 'only those with these labels, such as tier=cache')
    .option('-w, --watch', 'go on, with a line for each change, until Ctrl-C')
    .action(async ({ allNamespaces = false, selector, watch, output, ...options }: AppsOptions) => {
      const { withCluster } = await import('../cluster/connect.ts');
      const { showApps, watchApps } = await import('../cluster/show-apps.ts');
      await withCluster(context, options, ({ client, namespace }) => {
        const selection = { ...(!allNamespaces && { namespace }), ...(selector && { labelSelector: selector }) };
        if (!watch) return showApps(context, client, { selection, output });
        const ended = new AbortController();
        // The reader of a pipe has gone.
        context.stdout.once('error', () => ended.abort());
        return watchApps(context, client, { selection, output, signal: ended.signal });
      });
    });
}
