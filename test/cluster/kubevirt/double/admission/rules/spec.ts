import type { Spec } from '../../types.ts';
import type { Cause, Causes } from '../cause.ts';
import * as cpu from './cpu.ts';
import * as devices from './devices.ts';
import * as disks from './disks.ts';
import * as firmware from './firmware.ts';
import * as general from './general.ts';
import * as interfaces from './interfaces.ts';
import * as networks from './networks.ts';
import * as probes from './probes.ts';
import * as resources from './resources.ts';
import * as scheduling from './scheduling.ts';
import * as volumes from './volumes.ts';

/** Looks at one thing of a VMI's spec; `path` is where the spec stands, such as `spec` or `spec.template.spec`. */
export type SpecRule = (path: string, spec: Spec) => Causes;

/** ValidateVirtualMachineInstanceSpec in vmi-create-admitter.go of KubeVirt: for instances and for all templates. */
const specRules: readonly SpecRule[] = [
  general.hostnameIsALabel,
  general.subdomainIsASubdomain,
  resources.memoryRequestIsPositive,
  resources.memoryLimitCoversRequest,
  resources.memoryFillsHugepages,
  firmware.machineTypeIsAllowed,
  firmware.acpiTablesComeFromSecrets,
  resources.cpuRequestIsNotNegative,
  resources.cpuLimitIsNotNegative,
  resources.cpuLimitCoversRequest,
  cpu.dedicatedCpusAreWholeAndEqual,
  cpu.numaNeedsDedicatedCpusAndHugepages,
  cpu.isolatedEmulatorNeedsDedicatedCpus,
  cpu.featurePoliciesAreKnown,
  cpu.socketsFitHotplug,
  general.startStrategyIsPaused,
  cpu.realtimeNeedsDedicatedCpusAndNuma,
  scheduling.affinityIsValid,
  scheduling.spreadConstraintsAreValid,
  networks.podNetworkIsOne,
  networks.networkTypeIsOne,
  networks.multusNetworkHasName,
  networks.networkNamesAreUnique,
  networks.claimNetworksAreOff,
  networks.networksHaveInterfaces,
  interfaces.interfaceNamesAreUnique,
  networks.interfacesHaveNetworks,
  interfaces.interfacesAreValid,
  disks.disksHaveVolumes,
  devices.inputsAreTablets,
  devices.ioThreadsPolicyIsKnown,
  probes.probesHaveOneHandler,
  probes.networkProbesNeedPodNetwork,
  disks.disksAreValid,
  firmware.bootloaderIsOne,
  firmware.kernelBootIsComplete,
  firmware.secureBootNeedsSmm,
  volumes.volumesAreValid,
  volumes.containerDiskPathsAreAbsolute,
  volumes.accessCredentialsArePossible,
  general.dnsPolicyIsKnown,
  general.dnsConfigIsValid,
  general.evictionStrategyIsKnown,
  devices.soundIsKnown,
  firmware.launchSecurityIsPossible,
  devices.gatedDevicesAreOff,
  devices.claimsAreNoFilesystems,
  devices.videoIsAllowed,
  devices.panicDevicesAreKnown,
  general.serviceAccountIsOne,
];

/** What is asked of instances only, after their defaults are filled in. */
const instanceRules: readonly SpecRule[] = [
  interfaces.bindingsAreNotDiscontinued,
  ...specRules,
  volumes.volumesAreUsed,
  resources.memoryIsGiven,
  firmware.architectureIsSupported,
  firmware.watchdogIsI6300esb,
  devices.videoIsKnown,
];

function collect(rules: readonly SpecRule[], path: string, spec: Spec): Cause[] {
  return rules.flatMap((rule) => [...rule(path, spec)]);
}

/** Of the spec in a template. */
export function specCauses(path: string, spec: Spec): Cause[] {
  return collect(specRules, path, spec);
}

/** Of the spec of an instance. */
export function instanceCauses(spec: Spec): Cause[] {
  return collect(instanceRules, 'spec', spec);
}
