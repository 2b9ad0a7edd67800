import { isIPv4 } from 'node:net';
import type { Interface, Network, Spec } from '../../types.ts';
import { type Causes, duplicate, invalid, notSupported, required } from '../cause.ts';
import { portNameProblem } from '../words.ts';

/** `0000:81:00.1`: domain, bus, slot, function (PCI_ADDRESS_PATTERN in hw_utils.go of KubeVirt). */
export const pciAddress = /^([\da-fA-F]{4}):([\da-fA-F]{2}):([\da-fA-F]{2})\.([0-7])$/;

/** The in-pod bridge of masquerade has it. */
const reservedMac = '02:00:00:00:00:00';
const models = ['e1000', 'e1000e', 'igb', 'ne2k_pci', 'pcnet', 'rtl8139', 'virtio'];
const states = ['', 'absent', 'down', 'up'];

type InterfaceRule = (field: string, nic: Interface, network: Network | undefined, path: string) => Causes;

/** What pkg/network/admitter of KubeVirt asks of each interface. */
export function* interfacesAreValid(path: string, { domain, networks = [] }: Spec): Causes {
  for (const rule of interfaceRules) {
    for (const [index, nic] of (domain.devices.interfaces ?? []).entries()) {
      const network = networks.find(({ name }) => name === nic.name);
      yield* rule(`${path}.domain.devices.interfaces[${index}]`, nic, network, path);
    }
  }
}

/** validateInterfaceNameUnique in netiface.go. */
export function* interfaceNamesAreUnique(path: string, { domain }: Spec): Causes {
  const seen = new Set<string>();
  for (const [index, { name }] of (domain.devices.interfaces ?? []).entries()) {
    const field = `${path}.domain.devices.interfaces[${index}].name`;
    if (seen.has(name)) yield duplicate(field, `network '${name}' can have only one interface`);
    seen.add(name);
  }
}

/** validateInterfaceStateValue in admit.go. */
function* stateSuits(field: string, { name, state = '', sriov, bridge }: Interface, network?: Network): Causes {
  const where = `${field}.state`;
  if (!states.includes(state)) yield invalid(where, `interface ${name} has an unknown state '${state}'`);
  if (sriov && ['down', 'up'].includes(state))
    yield invalid(where, `interface ${name} is SR-IOV, which has no link state`);
  if (state !== 'absent') return;
  if (!bridge) yield invalid(where, `interface ${name} can only be absent with the bridge binding`);
  if (network?.pod) yield invalid(where, `interface ${name} is on the default network and cannot be absent`);
}

/** validateInterfaceBindingExists in binding.go. */
function* bindingIsOne(field: string, nic: Interface): Causes {
  const bindings = [nic.bridge, nic.masquerade, nic.sriov, nic.passtBinding, nic.binding].filter(Boolean);
  if (bindings.length !== 1) yield invalid(field, `interface ${nic.name} needs exactly one binding`);
}

/** validateMasqueradeBinding. */
function* masqueradeIsOnPodNetwork(field: string, { masquerade, macAddress }: Interface, network?: Network): Causes {
  if (!masquerade) return;
  if (!network?.pod) yield invalid(`${field}.name`, 'masquerade works with the pod network only');
  if (macAddress === reservedMac) yield invalid(`${field}.macAddress`, `${macAddress} belongs to masquerade's bridge`);
}

/** validatePasstBinding in passt.go; its feature gate is on. */
function* passtIsOnPodNetwork(field: string, { passtBinding }: Interface, network?: Network): Causes {
  if (passtBinding && !network?.pod) yield invalid(`${field}.name`, 'passt works with the pod network only');
}

/** validateInterfaceNameFormat in netiface.go. */
function* nameIsPlain(field: string, { name }: Interface): Causes {
  if (!/^[A-Za-z0-9_-]+$/.test(name)) yield invalid(`${field}.name`, `${field}.name may have letters, digits, - and _`);
}

function* modelIsKnown(field: string, { model }: Interface): Causes {
  if (!model || models.includes(model)) return;
  yield notSupported(`${field}.model`, `${field}.model '${model}' is none of ${models.join(', ')}`);
}

/** Six bytes, as Go's net.ParseMAC reads them. */
function* macIsValid(field: string, { macAddress }: Interface): Causes {
  if (!macAddress) return;
  const hex = '[0-9a-fA-F]';
  const forms = [`(${hex}{2}:){5}${hex}{2}`, `(${hex}{2}-){5}${hex}{2}`, `(${hex}{4}\\.){2}${hex}{4}`];
  if (new RegExp(`^(${forms.join('|')})$`).test(macAddress)) return;
  yield invalid(`${field}.macAddress`, `${field}.macAddress '${macAddress}' is no MAC address of six bytes`);
}

function* pciAddressIsValid(field: string, nic: Interface): Causes {
  if (!nic.pciAddress || pciAddress.test(nic.pciAddress)) return;
  yield invalid(`${field}.pciAddress`, `${field}.pciAddress '${nic.pciAddress}' is no PCI address`);
}

/** validatePortConfiguration. */
function* portsAreValid(field: string, { ports }: Interface, network?: Network): Causes {
  if (!network?.pod || !ports) return;
  const seen = new Set<string>();
  for (const [index, { name }] of ports.entries()) {
    if (!name) continue;
    const where = `${field}.ports[${index}].name`;
    if (seen.has(name)) yield duplicate(where, `there is more than one port '${name}'`);
    const problem = portNameProblem(name);
    if (problem) yield invalid(where, `port name '${name}': ${problem}`);
    seen.add(name);
  }
  for (const [index, { port = 0, protocol }] of ports.entries()) {
    const where = `${field}.ports[${index}]`;
    if (port === 0) yield required(`${where}.port`, `${where} needs a port number`);
    if (port < 0 || port > 65_535) yield invalid(`${where}.port`, `${where}.port is not between 1 and 65535`);
    if (protocol && protocol !== 'TCP' && protocol !== 'UDP') {
      yield invalid(`${where}.protocol`, `${where}.protocol is neither TCP nor UDP`);
    }
  }
}

/** validatePortRangesConfiguration: the feature gate is off by default. */
function* portRangesAreOff(field: string, nic: Interface): Causes {
  if ('portRanges' in nic && nic.portRanges) yield invalid(`${field}.name`, 'the feature gate PortRangesSpec is off');
}

/** validateDHCPOptions. */
function* dhcpOptionsAreValid(field: string, { dhcpOptions }: Interface, _: Network | undefined, path: string): Causes {
  const options = dhcpOptions?.privateOptions ?? [];
  const numbers = options.map(({ option }) => option);
  if (new Set(numbers).size < numbers.length) yield invalid(path, 'private DHCP options repeat each other');
  for (const number of numbers) {
    if (number < 224 || number > 254) yield invalid(path, `private DHCP option ${number} is not between 224 and 254`);
  }
  for (const [index, server] of (dhcpOptions?.ntpServers ?? []).entries()) {
    if (!isIPv4(server)) yield invalid(`${field}.dhcpOptions.ntpServers[${index}]`, `'${server}' is no IPv4 address`);
  }
}

const interfaceRules: readonly InterfaceRule[] = [
  stateSuits,
  bindingIsOne,
  masqueradeIsOnPodNetwork,
  passtIsOnPodNetwork,
  nameIsPlain,
  modelIsKnown,
  macIsValid,
  pciAddressIsValid,
  portsAreValid,
  portRangesAreOff,
  dhcpOptionsAreValid,
];

/** validateDiscontinuedBindings in discontinued.go, asked on creation only. */
export function* bindingsAreNotDiscontinued(path: string, { domain }: Spec): Causes {
  for (const [index, nic] of (domain.devices.interfaces ?? []).entries()) {
    for (const binding of ['slirp', 'passt', 'macvtap'] as const) {
      if (!nic[binding]) continue;
      const field = `${path}.domain.devices.interfaces[${index}].${binding}`;
      yield invalid(field, `the binding ${binding} is discontinued since KubeVirt 1.3`);
    }
  }
}
