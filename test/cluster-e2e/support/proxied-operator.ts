import type { Cluster } from '../../cluster/cluster.ts';
import { FaultProxy } from './fault-proxy.ts';
import { type OperatorUnderTest, startOperator } from './operator.ts';
import { repositoryOf } from './soundness.ts';

/** An operator, and the proxy that all its requests to the API server go through. */
export interface ProxiedOperator {
  readonly operator: OperatorUnderTest;
  readonly proxy: FaultProxy;
  stop(): Promise<void>;
}

/** Starts an operator with a proxy of its own, which tells its requests from those of others. See startOperator. */
export async function startProxiedOperator(
  cluster: Cluster,
  namespace: string,
  name: string,
  more: readonly string[] = [],
): Promise<ProxiedOperator> {
  const begun: FaultProxy[] = [];
  const stopProxy = () => Promise.all(begun.map((proxy) => proxy.stop()));
  const flags = ['--image-repository', repositoryOf(namespace), ...more];
  try {
    const operator = await startOperator(cluster, namespace, name, flags, async (original) => {
      const proxy = await FaultProxy.start(original);
      begun.push(proxy);
      return proxy.kubeconfig;
    });
    const [proxy] = begun;
    if (!proxy) throw new Error('unreachable');
    const stop = async () => {
      await operator.stop();
      await stopProxy();
    };
    return { operator, proxy, stop };
  } catch (error) {
    await stopProxy();
    throw error;
  }
}
