import { posix } from 'node:path';
import type { Spec } from '../../types.ts';
import { type Cause, type Causes, invalid, notSupported, required } from '../cause.ts';

/** Machine types that amd64 may have: `q35*` and `pc-q35*` (DefaultAMD64EmulatedMachines in virt-config.go). */
const machineTypes = /^(q35|pc-q35)[^/]*$/;

/** validateEmulatedMachine in vmi-create-admitter.go of KubeVirt. */
export function* machineTypeIsAllowed(path: string, spec: Spec): Causes {
  const type = spec.domain.machine?.type;
  if (!type || machineTypes.test(type)) return;
  const field = `${path}.domain.machine.type`;
  yield invalid(field, `${field} '${type}' is no machine type that is allowed here; allowed are q35* and pc-q35*`);
}

/** ValidateVirtualMachineInstancePerArch; the double's cluster has amd64 nodes only. */
export function* architectureIsSupported(path: string, { architecture }: Spec): Causes {
  if (architecture === 'amd64') return;
  yield invalid(`${path}.architecture`, `the architecture is not supported: ${architecture ?? ''}`);
}

/** validateFirmwareACPI. Its path lacks `domain.firmware`, as KubeVirt's does. */
export function* acpiTablesComeFromSecrets(path: string, spec: Spec): Causes {
  const acpi = spec.domain.firmware?.acpi;
  if (!acpi) return;
  const field = `${path}.acpi`;
  if (!acpi.slicNameRef && !acpi.msdmNameRef) {
    yield invalid(field, `${field} names neither a SLIC nor an MSDM volume`);
    return;
  }
  for (const name of ['slicNameRef', 'msdmNameRef'] as const) {
    const wanted = acpi[name];
    if (!wanted) continue;
    const volume = spec.volumes?.find((candidate) => candidate.name === wanted);
    if (!volume) yield invalid(`${field}.${name}`, `${field} names volume '${wanted}', which does not exist`);
    else if (!volume.secret) yield invalid(`${field}.${name}`, `${field} names volume '${wanted}', which is no Secret`);
  }
}

/** validateBootloader. */
export function* bootloaderIsOne(path: string, spec: Spec): Causes {
  const { efi, bios } = spec.domain.firmware?.bootloader ?? {};
  const field = `${path}.domain.firmware.bootloader`;
  if (efi && bios) yield invalid(field, `${field} has EFI and BIOS, and only one of them is possible`);
}

/** validateDomainSpec: secure boot protects its variables by system management mode. */
export function* secureBootNeedsSmm(path: string, { domain }: Spec): Causes {
  const efi = domain.firmware?.bootloader?.efi;
  const secureBoot = efi && efi.secureBoot !== false;
  const smm = domain.features?.smm && domain.features.smm.enabled !== false;
  const field = `${path}.domain`;
  if (secureBoot && !smm && !domain.launchSecurity?.tdx) {
    yield invalid(field, `${field} asks for EFI with secure boot, which needs the feature SMM`);
  }
}

/** validateKernelBoot. */
export function* kernelBootIsComplete(path: string, spec: Spec): Causes {
  const kernelBoot = spec.domain.firmware?.kernelBoot;
  if (!kernelBoot) return;
  const field = `${path}.domain.firmware.kernelBoot`;
  const { container, kernelArgs } = kernelBoot;
  if (!container) {
    if (kernelArgs) yield invalid(`${field}.kernelArgs`, `${field}.kernelArgs are of no use without a kernel`);
    return;
  }
  const { image, initrdPath, kernelPath } = container;
  if (!image) yield required(`${field}.container.image`, `${field}.container needs an image`);
  if (!initrdPath && !kernelPath) {
    yield required(`${field}.container`, `${field}.container needs a kernelPath, an initrdPath, or both`);
  }
  if (kernelPath) yield* pathIsAbsolute(`${field}.container.kernelPath`, kernelPath);
  if (initrdPath) yield* pathIsAbsolute(`${field}.container.initrdPath`, initrdPath);
}

/** ValidatePath in pkg/storage/admitters/disks.go. */
export function* pathIsAbsolute(field: string, path: string): Generator<Cause> {
  if (path === '/') yield invalid(field, `${field} is the root folder, and it should be a file`);
  else if (posix.join('/', path) !== path.replace(/\/$/, '')) {
    yield invalid(field, `${field} should be an absolute path without . and ..`);
  }
}

/** ValidateLaunchSecurityAmd64 in pkg/virt-api/webhooks/amd64.go, as far as one type and its gate go. */
export function* launchSecurityIsPossible(path: string, { domain, startStrategy }: Spec): Causes {
  const { launchSecurity } = domain;
  if (!launchSecurity) return;
  const field = `${path}.launchSecurity`;
  const { sev, snp, tdx } = launchSecurity;
  const count = [sev, snp, tdx].filter(Boolean).length;
  if (count !== 1) {
    yield { reason: 'FieldValueForbidden', message: `${field} needs exactly one type`, field };
    return;
  }
  if (tdx) {
    yield invalid(field, `${field} asks for TDX, and the feature gate WorkloadEncryptionTDX is off`);
    return;
  }
  const efi = domain.firmware?.bootloader?.efi;
  if (!efi) yield invalid(field, `${field} needs EFI`);
  else if (efi.secureBoot !== false) yield invalid(field, `${field} and secure boot exclude each other`);
  else if (snp && efi.persistent) yield invalid(field, `${field} and persistent EFI variables exclude each other`);
  if (sev?.attestation && startStrategy !== 'Paused') {
    yield invalid(field, `${field} with attestation needs the start strategy Paused`);
  }
  for (const { name, bootOrder } of domain.devices.interfaces ?? []) {
    if (bootOrder !== undefined) yield invalid(field, `${field} and booting from interface ${name} exclude each other`);
  }
}

/** validateWatchdogAmd64 in pkg/virt-api/webhooks/amd64.go. */
export function* watchdogIsI6300esb(path: string, { domain: { devices } }: Spec): Causes {
  const { watchdog } = devices;
  if (!watchdog || (watchdog.i6300esb && !watchdog.diag288)) return;
  yield notSupported(`${path}.domain.devices.watchdog`, 'the only watchdog of amd64 is i6300esb');
}
