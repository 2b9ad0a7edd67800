import type { Command } from 'commander';
import type { ClusterOptions } from '../cluster/connect.ts';
import type { Context } from '../context.ts';
import type { OutputFormat } from '../output/listing.ts';
import { addClusterOptions } from './cluster-options.ts';
import { addExamples, addOutputOption } from './options.ts';

const examples = `
Examples:
  osv status redis            what the app is doing, what is wrong, and what to do
  osv status redis -n shop
  osv status redis -o json | jq -r .state
`;

interface StatusOptions extends ClusterOptions {
  output: OutputFormat;
}

export function define(command: Command, context: Context): void {
  addOutputOption(addClusterOptions(addExamples(command, context, examples)))
    .argument('<app>', 'name of an OsvApp, such as redis')
    .action(async (app: string, { output, ...options }: StatusOptions) => {
      const { withCluster } = await import('../cluster/connect.ts');
      const { getApp } = await import('../cluster/app.ts');
      const { parseAppName } = await import('../cluster/app-name.ts');
      const { explain } = await import('../cluster/explain/explain.ts');
      const { showStatus } = await import('../cluster/explain/app-text.ts');
      const name = parseAppName(app);
      const found = await withCluster(context, options, (connection) => getApp(connection, name));
      const { programName } = context;
      context.stdout.write(await showStatus(found, explain(found, { programName }), output));
    });
}
