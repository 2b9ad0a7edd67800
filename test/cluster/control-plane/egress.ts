import { join } from 'node:path';

/** Where the node agent's proxy takes the API server's CONNECT requests. */
export function egressSocketPath(folder: string): string {
  return join(folder, 'egress.sock');
}

/**
 * Sends what the API server wants of pods, Services and nodes (`kubectl port-forward`, `kubectl logs`, the proxy
 * subresources, extension servers) through an HTTP CONNECT proxy, which knows the loopback addresses behind pods.
 * A socket with a path, because over TCP the API server would speak nothing but TLS with a proxy.
 */
export function egressConfiguration(socketPath: string) {
  return {
    apiVersion: 'apiserver.k8s.io/v1beta1',
    kind: 'EgressSelectorConfiguration',
    egressSelections: [
      {
        name: 'cluster',
        connection: { proxyProtocol: 'HTTPConnect', transport: { uds: { udsName: socketPath } } },
      },
    ],
  };
}
