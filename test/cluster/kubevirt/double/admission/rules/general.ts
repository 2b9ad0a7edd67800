import { isIP } from 'node:net';
import type { Spec } from '../../types.ts';
import { type Causes, invalid, notSupported, required } from '../cause.ts';
import { labelProblem, subdomainProblem } from '../words.ts';

const evictionStrategies = ['None', 'LiveMigrate', 'LiveMigrateIfPossible', 'External'];
const dnsPolicies = ['', 'ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const nameserversMax = 3;
const searchesMax = 6;
const searchListMax = 256;

/** validateHostNameNotConformingToDNSLabelRules in vmi-create-admitter.go of KubeVirt. */
export function* hostnameIsALabel(path: string, { hostname }: Spec): Causes {
  const problem = hostname ? labelProblem(hostname) : undefined;
  if (problem) yield invalid(`${path}.hostname`, `${path}.hostname: ${problem}`);
}

/** validateSubdomainDNSSubdomainRules. */
export function* subdomainIsASubdomain(path: string, { subdomain }: Spec): Causes {
  const problem = subdomain ? subdomainProblem(subdomain) : undefined;
  if (problem) yield invalid(`${path}.subdomain`, `${path}.subdomain: ${problem}`);
}

/** validateStartStrategy. */
export function* startStrategyIsPaused(path: string, { startStrategy, livenessProbe }: Spec): Causes {
  if (startStrategy === undefined) return;
  const field = `${path}.startStrategy`;
  if (startStrategy !== 'Paused') yield invalid(field, `${field} knows no value '${startStrategy}'`);
  else if (livenessProbe) yield invalid(field, `${field} Paused and a livenessProbe exclude each other`);
}

/** validateLiveMigration. */
export function* evictionStrategyIsKnown(path: string, { evictionStrategy }: Spec): Causes {
  if (evictionStrategy === undefined || evictionStrategies.includes(evictionStrategy)) return;
  yield invalid(`${path}.evictionStrategy`, `${path}.evictionStrategy knows no value '${evictionStrategy}'`);
}

/** validateServiceAccountName. */
export function* serviceAccountIsOne(path: string, spec: Spec): Causes {
  const name = 'serviceAccountName' in spec ? String(spec.serviceAccountName ?? '') : '';
  if (!name) return;
  const field = `${path}.serviceAccountName`;
  const problem = subdomainProblem(name);
  if (problem) yield invalid(field, `${field}: ${problem}`);
  const other = spec.volumes?.find(
    ({ serviceAccount }) => serviceAccount && serviceAccount.serviceAccountName !== name,
  );
  if (other) yield invalid(field, `${field} and volume '${other.name}' name different service accounts`);
}

/** validateDNSPolicy. */
export function* dnsPolicyIsKnown(path: string, { dnsPolicy = '' }: { dnsPolicy?: string }): Causes {
  if (dnsPolicies.includes(dnsPolicy)) return;
  yield notSupported(`${path}.dnsPolicy`, `${path}.dnsPolicy knows no value '${dnsPolicy}'`);
}

/** validatePodDNSConfig; fields without a path are KubeVirt's own. */
export function* dnsConfigIsValid(path: string, spec: Spec): Causes {
  const { dnsConfig } = spec;
  if (spec.dnsPolicy === 'None') {
    if (!dnsConfig) {
      yield required(`${path}.dnsConfig`, `${path}.dnsConfig is needed with dnsPolicy None`);
      return;
    }
    if (!dnsConfig.nameservers?.length) {
      yield required('nameservers', `${path}.dnsConfig needs a name server with dnsPolicy None`);
      return;
    }
  }
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  if (nameservers.length > nameserversMax) yield invalid('nameservers', `more than ${nameserversMax} name servers`);
  for (const server of nameservers) {
    if (!isIP(server)) yield invalid('nameservers', `name server '${server}' is no IP address`);
  }
  if (searches.length > searchesMax) yield invalid('searchDomains', `more than ${searchesMax} search domains`);
  if (searches.join(' ').length > searchListMax) {
    yield invalid('searchDomains', `the search domains have more than ${searchListMax} characters`);
  }
  for (const search of searches) {
    const problem = subdomainProblem(search);
    if (problem) yield invalid('searchDomains', `search domain '${search}': ${problem}`);
  }
  if (options.some(({ name }) => !name)) yield invalid('options', 'a DNS option needs a name');
}
