import type { EndpointSlice, Service } from '@osv/operator/kubernetes';

/** One listener that a Service asks for, and where its connections may go. */
export interface ServicePort {
  /** `PROTOCOL ADDRESS PORT`: what is equal needs no new listener. */
  key: string;
  protocol: 'TCP' | 'UDP';
  address: string;
  port: number;
  /** Addresses of the cluster. */
  backends: readonly Backend[];
}

export interface Backend {
  address: string;
  port: number;
  /** False for one that ends but still serves: its sessions may go on, new ones go elsewhere. */
  ready: boolean;
}

/** By which an EndpointSlice names its Service. */
export const serviceNameLabel = 'kubernetes.io/service-name';

/**
 * What kube-proxy would make of a Service: a virtual address for each port, and its ready endpoints; those that are
 * ending but still serve if no other is left. Headless Services and those without a selector's endpoints get none.
 */
export function servicePorts(service: Readonly<Service>, slices: readonly Readonly<EndpointSlice>[]): ServicePort[] {
  const addresses = service.spec?.clusterIPs ?? (service.spec?.clusterIP ? [service.spec.clusterIP] : []);
  const ipv4 = addresses.filter((address) => /^\d+\.\d+\.\d+\.\d+$/.test(address));
  return ipv4.flatMap((address) =>
    (service.spec?.ports ?? []).flatMap(({ name, port, protocol = 'TCP' }) => {
      if (protocol !== 'TCP' && protocol !== 'UDP') return [];
      const key = `${protocol} ${address} ${port}`;
      return [{ key, protocol, address, port, backends: backendsOf(slices, name, protocol) }];
    }),
  );
}

function backendsOf(
  slices: readonly Readonly<EndpointSlice>[],
  portName: string | undefined,
  protocol: string,
): Backend[] {
  const found = slices.flatMap(({ addressType, ports, endpoints }) => {
    const port = ports?.find((each) => (each.name ?? '') === (portName ?? '') && (each.protocol ?? 'TCP') === protocol);
    if (addressType !== 'IPv4' || port?.port === undefined) return [];
    const number = port.port;
    return (endpoints ?? []).flatMap(({ addresses, conditions }) => {
      const ready = conditions?.ready !== false;
      const serving = ready || conditions?.serving === true;
      return serving ? addresses.map((address) => ({ address, port: number, ready })) : [];
    });
  });
  return found.some(({ ready }) => ready) ? found : found.map((backend) => ({ ...backend, ready: true }));
}
