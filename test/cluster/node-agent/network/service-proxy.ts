import { type EndpointSlice, keyOf, referenceOf, type Service } from '@osv/operator/kubernetes';
import type { Logger, ObjectCache } from '@osv/operator/reconcile-runtime';
import { type ServicePort, serviceNameLabel, servicePorts } from './endpoints.ts';
import type { LoopbackOf } from './loopback.ts';
import { TcpListener } from './tcp-listener.ts';
import { UdpListener } from './udp-listener.ts';

export interface ServiceProxyOptions {
  services: ObjectCache<Service>;
  slices: ObjectCache<EndpointSlice>;
  loopbackOf: LoopbackOf;
  logger: Logger;
}

/** The address of `default/kubernetes` is the API server's own business. */
const apiServerKey = 'default/kubernetes';
/** An address that was taken may be free again; the next try comes with this delay. */
const retryMilliseconds = 5_000;

/** kube-proxy in user space: cluster addresses are loopback addresses, on which this process listens. */
export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  /** By Service, then by the key of the port. */
  readonly #listeners = new Map<string, Map<string, TcpListener | UdpListener>>();
  readonly #retries = new Set<NodeJS.Timeout>();

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    options.slices.addIndex('service', ({ metadata }) => {
      const name = metadata.labels?.[serviceNameLabel];
      return name === undefined ? [] : [`${metadata.namespace}/${name}`];
    });
  }

  /** The Services that a slice is, or was, about. */
  static servicesOf(...slices: (Readonly<EndpointSlice> | undefined)[]): string[] {
    return slices.flatMap((slice) => {
      const name = slice?.metadata.labels?.[serviceNameLabel];
      return name === undefined ? [] : [keyOf({ namespace: slice?.metadata.namespace ?? '', name })];
    });
  }

  /** Makes the listeners of one Service what they should be. */
  reconcile(key: string): void {
    const { services, slices } = this.#options;
    const service = services.get(referenceOf(key));
    const wanted = service && key !== apiServerKey ? servicePorts(service, slices.byIndex('service', key)) : [];
    const present = this.#listeners.get(key) ?? new Map<string, TcpListener | UdpListener>();
    for (const [name, listener] of present) {
      if (wanted.some((port) => port.key === name)) continue;
      listener.close();
      present.delete(name);
    }
    for (const port of wanted) {
      const listener = present.get(port.key) ?? this.#listen(port, key);
      present.set(port.key, listener);
      listener.update(port.backends);
    }
    if (present.size > 0) this.#listeners.set(key, present);
    else this.#listeners.delete(key);
  }

  close(): void {
    for (const timer of this.#retries) clearTimeout(timer);
    for (const listeners of this.#listeners.values()) for (const listener of listeners.values()) listener.close();
    this.#listeners.clear();
  }

  #listen({ protocol, address, port }: ServicePort, key: string): TcpListener | UdpListener {
    const onError = (err: Error) => {
      this.#options.logger.warn({ err, service: key, address, port }, 'A port of a Service cannot be served');
      const timer = setTimeout(() => {
        this.#retries.delete(timer);
        this.reconcile(key);
      }, retryMilliseconds);
      this.#retries.add(timer);
    };
    const options = { loopbackOf: this.#options.loopbackOf, onError };
    return protocol === 'TCP' ? new TcpListener(address, port, options) : new UdpListener(address, port, options);
  }
}

/** The address of a Service by one of its DNS names: NAME.NAMESPACE, with or without .svc and .svc.cluster.local. */
export function serviceAddress(host: string, services: ObjectCache<Service>): string | undefined {
  const match = /^(?<name>[a-z0-9-]+)\.(?<namespace>[a-z0-9-]+)(\.svc(\.cluster\.local)?)?\.?$/.exec(host);
  const { name, namespace } = match?.groups ?? {};
  if (name === undefined || namespace === undefined) return undefined;
  const address = services.get({ namespace, name })?.spec?.clusterIP;
  return address && address !== 'None' ? address : undefined;
}
