import type { Spec } from '../../types.ts';
import { type Causes, duplicate, invalid, required } from '../cause.ts';

/** validateSinglePodNetwork in pkg/network/admitter/netsource.go of KubeVirt. */
export function* podNetworkIsOne(path: string, { networks = [] }: Spec): Causes {
  const pods = networks.filter(({ pod }) => pod).length;
  const defaults = networks.filter(({ multus }) => multus && 'default' in multus && multus.default).length;
  if (pods > 1) yield duplicate(`${path}.interfaces`, `${path}.networks has the pod network more than once`);
  if (defaults > 1) yield invalid(`${path}.networks`, `${path}.networks has more than one default network of Multus`);
  if (pods > 0 && defaults > 0) {
    yield invalid(`${path}.networks`, `${path}.networks has both the pod network and a default network of Multus`);
  }
}

/** validateSingleNetworkSource. */
export function* networkTypeIsOne(path: string, { networks = [] }: Spec): Causes {
  for (const [index, network] of networks.entries()) {
    const types = [network.pod, network.multus, 'resourceClaim' in network && network.resourceClaim].filter(Boolean);
    const field = `${path}.networks[${index}]`;
    if (types.length !== 1) yield required(field, `${field} needs exactly one type`);
  }
}

/** validateMultusNetworkSource. */
export function* multusNetworkHasName(path: string, { networks = [] }: Spec): Causes {
  const index = networks.findIndex(({ multus }) => multus && !multus.networkName);
  if (index < 0) return;
  yield required(`${path}.networks[${index}]`, `${path}.networks[${index}].multus needs a networkName`);
}

/** validateNetworkNameUnique in netiface.go. */
export function* networkNamesAreUnique(path: string, { networks = [] }: Spec): Causes {
  const seen = new Set<string>();
  for (const [index, { name }] of networks.entries()) {
    if (seen.has(name)) yield duplicate(`${path}.networks[${index}].name`, `there is more than one network '${name}'`);
    seen.add(name);
  }
}

/** validateNetworkDevicesWithDRA in dra.go: its feature gate is off by default. */
export function* claimNetworksAreOff(path: string, { networks = [] }: Spec): Causes {
  if (!networks.some((network) => 'resourceClaim' in network && network.resourceClaim)) return;
  yield invalid(`${path}.networks`, 'the feature gate NetworkDevicesWithDRA is off');
}

/** validateNetworksAssignedToInterfaces. */
export function* networksHaveInterfaces(path: string, { networks = [], domain }: Spec): Causes {
  const names = new Set(domain.devices.interfaces?.map(({ name }) => name));
  for (const [index, { name }] of networks.entries()) {
    const field = `${path}.networks[${index}].name`;
    if (!names.has(name)) yield required(field, `${field} '${name}' is no interface's name`);
  }
}

/** validateInterfacesAssignedToNetworks. */
export function* interfacesHaveNetworks(path: string, { networks = [], domain }: Spec): Causes {
  const names = new Set(networks.map(({ name }) => name));
  for (const [index, { name }] of (domain.devices.interfaces ?? []).entries()) {
    const field = `${path}.domain.devices.interfaces[${index}].name`;
    if (!names.has(name)) yield invalid(field, `${field} '${name}' is no network's name`);
  }
}
