import { type BootConfiguration, type BootMount, type BootNetwork, bootConfiguration } from '@osv/contracts';
import type { BuiltImage } from '../../images/image-state.ts';
import { drainSeconds, isPersistent } from '../effective-spec.ts';
import type { AppSpec, Observed } from '../model.ts';
import { quantityBytes } from '../quantity.ts';
import { volumeSerial } from './instance-spec.ts';

/**
 * KubeVirt's DHCP gives address, resolver and search domains of the pod; nothing else knows the resolver beforehand
 * (KubeVirt user guide, "Interfaces and Networks", masquerade).
 */
const clusterNetwork: BootNetwork = { interfaces: [{ dhcp: true }] };

/** boot.json of a revision, without the management token. @returns undefined where nothing names a program */
export function guestConfiguration({ app, referenced }: Observed, image: BuiltImage): BootConfiguration | undefined {
  const { spec, metadata } = app;
  const environment = (spec.env ?? []).flatMap(({ name, value, valueFrom }) => {
    const resolved = valueFrom ? referenced.environment.get(name) : (value ?? '');
    return resolved === undefined ? [] : [`${name}=${resolved}`];
  });
  return bootConfiguration(image.entryPoint, {
    ...(spec.command ? { command: spec.command } : {}),
    ...(spec.args ? { arguments: spec.args } : {}),
    environment,
    ...(spec.workingDirectory ? { workingDirectory: spec.workingDirectory } : {}),
    hostname: metadata.name,
    mounts: mounts(spec),
    tracepoints: spec.kernel?.tracepoints ?? [],
    network: clusterNetwork,
    stopDelaySeconds: drainSeconds(spec),
    token: '',
  });
}

function mounts(spec: AppSpec): BootMount[] {
  return (spec.volumes ?? []).map((volume, index): BootMount => {
    const path = volume.mountPath;
    if (volume.emptyDir) {
      const limit = volume.emptyDir.sizeLimit;
      return { path, type: 'tmpfs', ...(limit ? { sizeBytes: quantityBytes(limit) } : {}) };
    }
    const serial = volumeSerial(index);
    if (!isPersistent(volume)) return { path, serial, type: 'iso9660', readOnly: true };
    return { path, serial, type: 'ext4', ...(volume.readOnly ? { readOnly: true } : { formatIfBlank: true }) };
  });
}

const mebibyte = 1024 * 1024;

/** Memory of one instance: what the spec asks for, or else the image, in whole MiB. */
export function memoryBytes(spec: AppSpec, image: BuiltImage): number {
  const wanted = spec.resources?.memory;
  const bytes = wanted === undefined ? image.defaultMemoryBytes : quantityBytes(wanted);
  return Math.ceil(bytes / mebibyte) * mebibyte;
}
