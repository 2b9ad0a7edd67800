import { fileURLToPath } from 'node:url';
import type { OwnedCluster } from '../cluster.ts';
import type { ManagedProcess } from '../processes/managed-process.ts';

export interface ClusterNodes {
  /** Default one, `node-1`. */
  readonly names?: readonly string[];
  /** Boot nothing: guests run and are ready at once. */
  readonly pretend?: boolean;
  /** Pods that a node takes at most. */
  readonly podsMax?: number;
}

export interface NodeAgentProcess {
  readonly process: ManagedProcess;
  /** http://127.0.0.1:PORT: the way to addresses of pods and Services. */
  readonly proxy: string;
  /** http://127.0.0.1:PORT: fault switches; see control/control-server.ts. */
  readonly control: string;
}

const main = fileURLToPath(new URL('main.ts', import.meta.url));

/** The node agent as a process of a cluster, on ports that it keeps; not started yet. */
export function nodeAgentProcess(cluster: OwnedCluster, nodes: ClusterNodes = {}): NodeAgentProcess {
  const { names = ['node-1'], pretend = false, podsMax } = nodes;
  const [proxyPort, controlPort] = [cluster.ports.port('node-agent-proxy'), cluster.ports.port('node-agent-control')];
  const control = `http://127.0.0.1:${controlPort}`;
  const { certificate, key } = cluster.certificates.components;
  const managed = cluster.manage({
    name: 'node-agent',
    program: process.execPath,
    args: [
      main,
      ...['--kubeconfig', cluster.kubeconfig, '--folder', `${cluster.folder}/node-agent`],
      ...names.flatMap((name) => ['--node-name', name]),
      ...['--registry-insecure', cluster.registry.host, '--egress-socket', cluster.egressSocket],
      ...['--pod-loopback', cluster.addresses.podLoopbackPrefix],
      ...['--proxy-port', `${proxyPort}`, '--control-port', `${controlPort}`],
      ...['--tls-cert', certificate, '--tls-key', key],
      ...(podsMax === undefined ? [] : ['--pods', `${podsMax}`]),
      ...(pretend ? ['--pretend'] : []),
    ],
    ready: async (signal) => (await fetch(`${control}/guests`, { signal })).ok,
  });
  return { process: managed, proxy: `http://127.0.0.1:${proxyPort}`, control };
}
