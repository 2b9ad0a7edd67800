import type { Command } from 'commander';
import type { Context, ProgramName } from '../context.ts';

/** One command of `osv`; its module is loaded only when it is called, so that each starts quickly. */
export interface CommandEntry {
  name: string;
  summary: string;
  load: () => Promise<{ define: (command: Command, context: Context) => void }>;
}

/** Commands on this machine. */
const machineCommands: CommandEntry[] = [
  { name: 'up', summary: 'build and start the apps of OsvApp files', load: () => import('./up.ts') },
  {
    name: 'run',
    summary: 'run one program as a unikernel, with its own stdin, stdout and exit code',
    load: () => import('./run.ts'),
  },
  { name: 'ps', summary: 'list instances', load: () => import('./ps.ts') },
  { name: 'logs', summary: 'show what an instance printed', load: () => import('./logs.ts') },
  { name: 'top', summary: 'show what running instances use', load: () => import('./top.ts') },
  { name: 'stop', summary: 'stop instances in order', load: () => import('./stop.ts') },
  { name: 'rm', summary: 'remove instances and their logs', load: () => import('./rm.ts') },
  { name: 'build', summary: 'build an image without starting it', load: () => import('./build.ts') },
  { name: 'images', summary: 'list built images', load: () => import('./images.ts') },
  { name: 'check', summary: 'tell whether a program can run', load: () => import('./check.ts') },
  { name: 'exec', summary: 'not possible in a unikernel; says what to use instead', load: () => import('./exec.ts') },
];

const clusterCommands: CommandEntry[] = [
  { name: 'apps', summary: 'list the apps of a cluster', load: () => import('./apps.ts') },
  { name: 'status', summary: "tell what a cluster's app is doing and what to do", load: () => import('./status.ts') },
  { name: 'rollout', summary: 'follow, undo, pause the rollouts of a cluster', load: () => import('./rollout.ts') },
];

/** What people try on a cluster because it exists on one machine. */
const absentOnClusters: CommandEntry[] = (['logs', 'top', 'exec'] as const).map((name) => ({
  name,
  summary: 'not on a cluster yet; says what to use instead',
  load: async () => ({ define: (await import('./absent-on-clusters.ts')).definer(name) }),
}));

/** Every command, in the order of the help. A plugin of kubectl is about clusters alone. */
export const commandsOf: Readonly<Record<ProgramName, readonly CommandEntry[]>> = {
  osv: [
    ...machineCommands,
    ...clusterCommands,
    { name: 'completion', summary: 'print a completion script for a shell', load: () => import('./completion.ts') },
  ],
  'kubectl osv': [...clusterCommands, ...absentOnClusters],
};
