import { version } from '@osv/contracts';
import { Command, InvalidArgumentError } from 'commander';

/** What the operator is started with; flags win over the environment, which wins over defaults. */
export interface OperatorOptions {
  readonly kubeconfig: string | undefined;
  /** Namespaces whose apps are served; empty: all. */
  readonly namespaces: readonly string[];
  /** Where the operator keeps its own objects: lease, builds, image records. */
  readonly operatorNamespace: string;
  readonly leaderElection: boolean;
  /** A leader that could not renew its lease for two thirds of this ends, and another may begin after all of it. */
  readonly leaseSeconds: number;
  readonly registry: string;
  readonly registryInsecure: boolean;
  readonly registryAuthFile: string | undefined;
  readonly imageRepository: string;
  readonly builderImage: string | undefined;
  readonly builderServiceAccount: string;
  /** ConfigMap in the operator's namespace with apt.conf and authorities, for builds as Jobs. */
  readonly builderConfigMap: string | undefined;
  /** Variables of build Jobs. */
  readonly builderEnvironment: Readonly<Record<string, string>>;
  /** Secret in the operator's namespace with the key config.json, for builds as Jobs. */
  readonly registrySecret: string | undefined;
  readonly kernel: string | undefined;
  readonly buildConcurrency: number;
  readonly metricsPort: number;
  readonly healthPort: number;
  /** Of both ports; undefined: every address of the machine, of both families where it has them. */
  readonly listenAddress: string | undefined;
  readonly guestProxy: string | undefined;
  readonly concurrency: number;
  /** Requests to the API server a second on average, twice as many at once. */
  readonly apiRequestsPerSecond: number;
  /** Seconds between looks at the ConfigMaps and Secrets that an app names. */
  readonly referencePollSeconds: number;
  readonly logLevel: string;
  /** Labels of the pods that may read the guests' management port, as KEY=VALUE, beside the operator's own. */
  readonly prometheusLabels: readonly string[];
  readonly prometheusNamespace: string | undefined;
}

const logLevels = ['debug', 'info', 'warn', 'error'];

/** @throws CommanderError for what it prints and ends with: help, version, and mistakes */
export function parseOptions(argv: readonly string[], environment: NodeJS.ProcessEnv): OperatorOptions {
  const command = new Command('osv-operator')
    .description('Reconciles OsvApps: builds their images, launches them on KubeVirt, and watches them.')
    .version(version)
    .option('--kubeconfig <PATH>', 'cluster to work on; inside a pod that pod’s own', environment.KUBECONFIG)
    .option('--namespace <NAME>', 'serve the apps of this namespace; may be repeated; without it of all', collect, [])
    .option('--operator-namespace <NAME>', 'for the operator’s own objects', environment.POD_NAMESPACE ?? 'osv-system')
    .option('--no-leader-election', 'for a single replica, such as on a developer’s machine')
    .option('--lease-seconds <N>', 'until another replica takes the place of one that is silent', leaseSeconds, 15)
    .requiredOption('--registry <HOST[:PORT]>', 'registry that images are pushed to', environment.OSV_REGISTRY)
    .option(
      '--registry-insecure',
      'the registry speaks plain HTTP, or has a certificate that nobody vouches for',
      false,
    )
    .option('--registry-auth-file <PATH>', 'credentials for the registry, as podman and skopeo write them')
    .option('--image-repository <NAME>', 'repository for the apps’ images', 'osv-apps')
    .option('--builder-image <REFERENCE>', 'builds run as Jobs of this image; without it as child processes')
    .option('--builder-service-account <NAME>', 'of build Jobs', 'osv-builder')
    .option('--builder-config-map <NAME>', 'ConfigMap for build Jobs: apt.conf, and authorities as *.crt')
    .option('--builder-env <KEY=VALUE>', 'variable of build Jobs; may be repeated', collectPair, [])
    .option('--registry-secret <NAME>', 'Secret with a config.json for build Jobs: credentials for the registry')
    .option('--kernel <PATH>', 'the kernel’s ELF file, for builds as child processes', environment.OSV_KERNEL)
    .option('--build-concurrency <N>', 'builds at the same time', positiveNumber, 2)
    .option('--concurrency <N>', 'apps worked on at the same time', positiveNumber, 16)
    .option('--api-requests-per-second <N>', 'to the API server at most, on average', positiveNumber, 500)
    .option('--reference-poll-seconds <N>', 'between looks at ConfigMaps and Secrets of apps', positiveNumber, 60)
    .option('--metrics-port <PORT>', 'for Prometheus', wholeNumber, 8080)
    .option('--health-port <PORT>', 'for the kubelet’s probes', wholeNumber, 8081)
    .option('--listen-address <ADDRESS>', 'for both ports; all interfaces without it')
    .option('--guest-proxy <URL>', 'HTTP proxy to the pods’ network, for an operator outside of it')
    .option('--prometheus-namespace <NAME>', 'namespace of the Prometheus that may read the guests’ metrics')
    .option('--prometheus-label <KEY=VALUE>', 'label of its pods; may be repeated', collectPair, [])
    .option('--log-level <LEVEL>', logLevels.join(', '), oneOf(logLevels), 'info')
    .exitOverride()
    .showHelpAfterError('(--help shows all flags)')
    .parse(argv, { from: 'user' });
  const options = command.opts();
  return {
    kubeconfig: options.kubeconfig,
    namespaces: options.namespace,
    operatorNamespace: options.operatorNamespace,
    leaderElection: options.leaderElection,
    leaseSeconds: options.leaseSeconds,
    registry: options.registry,
    registryInsecure: options.registryInsecure,
    registryAuthFile: options.registryAuthFile,
    imageRepository: options.imageRepository,
    builderImage: options.builderImage,
    builderServiceAccount: options.builderServiceAccount,
    builderConfigMap: options.builderConfigMap,
    builderEnvironment: variables(options.builderEnv),
    registrySecret: options.registrySecret,
    kernel: options.kernel,
    buildConcurrency: options.buildConcurrency,
    metricsPort: options.metricsPort,
    healthPort: options.healthPort,
    listenAddress: options.listenAddress,
    guestProxy: options.guestProxy,
    concurrency: options.concurrency,
    apiRequestsPerSecond: options.apiRequestsPerSecond,
    referencePollSeconds: options.referencePollSeconds,
    logLevel: options.logLevel,
    prometheusLabels: options.prometheusLabel,
    prometheusNamespace: options.prometheusNamespace,
  };
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

function collectPair(value: string, before: string[]): string[] {
  if (!/^[^=]+=/.test(value)) throw new InvalidArgumentError('It has the form KEY=VALUE.');
  return collect(value, before);
}

/** KEY=VALUE each; a value may hold more signs of equality. */
function variables(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is no whole number.');
  return value;
}

function positiveNumber(text: string): number {
  const value = wholeNumber(text);
  if (value === 0) throw new InvalidArgumentError('It is at least 1.');
  return value;
}

function leaseSeconds(text: string): number {
  const value = wholeNumber(text);
  if (value < 5 || value > 3600) throw new InvalidArgumentError('It is between 5 and 3600.');
  return value;
}

function oneOf(allowed: readonly string[]) {
  return (text: string) => {
    if (!allowed.includes(text)) throw new InvalidArgumentError(`It is one of ${allowed.join(', ')}.`);
    return text;
  };
}
