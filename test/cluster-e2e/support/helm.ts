import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Cluster } from '../../cluster/cluster.ts';
import { run } from '../../guest/command.ts';

/** The chart of the operator. */
export const chart = join(import.meta.dirname, '../../../charts/osv-operator');

/** An object that a chart renders, as far as tests look into any. */
export interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> };
}

/** Values as `--set` takes them. */
export type Settings = Readonly<Record<string, string | number | boolean>>;

export function flags(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`]);
}

/** Runs helm as the cluster's administrator, with a home of its own. @throws Error with helm's complaint */
export async function helm(cluster: Cluster, ...args: string[]): Promise<string> {
  const environment = { ...process.env, KUBECONFIG: cluster.kubeconfig, HOME: cluster.folder };
  const result = await run(cluster.tools.helm, args, { environment });
  if (result.code !== 0) throw new Error(`helm ${args.join(' ')}: ${result.stderr}${result.stdout}`);
  return result.stdout.toString();
}

/** What the chart renders to, as text. */
export function template(cluster: Cluster, namespace: string, settings: Settings): Promise<string> {
  return helm(cluster, 'template', 'osv', chart, '-n', namespace, ...flags(settings));
}

export function objects<T extends Rendered>(text: string, kind?: string): T[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as T | null)
    .filter((object): object is T => object !== null && (kind === undefined || object.kind === kind));
}
