import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { startNodeAgent } from './agent.ts';
import { startControlServer } from './control/control-server.ts';
import { messageOf } from './error.ts';

const usage = `Usage: node test/cluster/node-agent/main.ts --kubeconfig FILE --node-name NAME [--node-name NAME…]

  --kubeconfig FILE         the cluster, as a user who may do what kubelets and KubeVirt's handler may
  --node-name NAME          a node to be; may be repeated
  --folder FOLDER           for tokens, and for guests/, which is emptied at the start
  --registry-insecure HOST  a registry that speaks plain HTTP; may be repeated
  --egress-socket PATH      where the API server sends its CONNECT requests
  --proxy-port PORT         of the HTTP proxy to pods and Services (default: any)
  --control-port PORT       of the fault switches (default: any)
  --pod-loopback PREFIX     a pod 10.244.X.Y listens on PREFIX.X.Y (default 127.244)
  --pods NUMBER             pods that a node takes at most
  --tls-cert, --tls-key FILE  of the kubelet's server, PEM (default: one that signs itself)
  --no-service-proxy        another agent serves the cluster's Services and claims
  --pretend                 boot nothing: guests run and are ready at once
`;

/** Prints one line of JSON when the nodes are ready: the proxy's and the control port's URLs. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      kubeconfig: { type: 'string' },
      'node-name': { type: 'string', multiple: true },
      folder: { type: 'string' },
      'registry-insecure': { type: 'string', multiple: true },
      'egress-socket': { type: 'string' },
      'proxy-port': { type: 'string' },
      'control-port': { type: 'string' },
      pods: { type: 'string' },
      'pod-loopback': { type: 'string' },
      'no-service-proxy': { type: 'boolean' },
      'tls-cert': { type: 'string' },
      'tls-key': { type: 'string' },
      pretend: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const names = values['node-name'] ?? [];
  if (values.help || !values.kubeconfig || names.length === 0) {
    process.stderr.write(usage);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const logger = pino({ level: process.env.LOG_LEVEL ?? 'info' }, pino.destination(2));
  const agent = await startNodeAgent({
    kubeconfig: values.kubeconfig,
    nodes: names.map((name) => ({
      name,
      pretend: values.pretend ?? false,
      ...(values.pods !== undefined && { pods: Number(values.pods) }),
    })),
    folder: values.folder ?? `/tmp/osv-node-agent-${process.pid}`,
    insecureRegistries: values['registry-insecure'] ?? [],
    egressSocket: values['egress-socket'],
    ...(values['pod-loopback'] !== undefined && { podLoopbackPrefix: values['pod-loopback'] }),
    ...(values['tls-cert'] &&
      values['tls-key'] && { servingCertificate: { certificate: values['tls-cert'], key: values['tls-key'] } }),
    serviceProxy: !values['no-service-proxy'],
    provisioner: !values['no-service-proxy'],
    ...(values['proxy-port'] !== undefined && { proxyPort: Number(values['proxy-port']) }),
    logger,
  });
  const control = await startControlServer(agent, Number(values['control-port'] ?? 0));
  process.stdout.write(`${JSON.stringify({ proxy: agent.proxy, control: control.url })}\n`);
  const stop = async () => {
    await control.close();
    await agent.stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void stop().then(() => process.exit(0)));
}

main().catch((error) => {
  process.stderr.write(`node-agent: ${messageOf(error)}\n`);
  process.exitCode = 1;
});
