import type { InstanceRecord } from '@osv/local/instance/record.ts';
import { formatAge } from './age.ts';
import type { Listing } from './listing.ts';

/** The columns of instances; NAME first, AGE last. */
export function instanceListing(now: Date): Listing<InstanceRecord> {
  return {
    name: (record) => record.name,
    columns: [
      { title: 'NAME', value: (record) => record.name },
      { title: 'STATUS', value: statusOf },
      { title: 'ADDRESS', value: (record) => record.address ?? '-' },
      { title: 'PORTS', value: portsOf },
      { title: 'CPUS', value: (record) => `${record.machine?.cpus ?? '-'}`, wide: true },
      {
        title: 'MEMORY',
        value: (record) => (record.machine ? `${record.machine.memoryMebibytes}Mi` : '-'),
        wide: true,
      },
      {
        title: 'MACHINE',
        value: (record) => (record.machine ? `${record.machine.type}/${record.machine.accelerator}` : '-'),
        wide: true,
      },
      { title: 'BOOT', value: bootOf, wide: true },
      { title: 'IMAGE', value: (record) => record.image.name, wide: true },
      { title: 'COMMAND', value: (record) => record.command.join(' '), wide: true },
      { title: 'AGE', value: (record) => formatAge(new Date(record.createdAt), now) },
    ],
  };
}

function statusOf(record: InstanceRecord): string {
  if (record.state === 'exited') return `Exited (${record.exit?.code ?? '?'})`;
  if (record.state === 'created') return 'Starting';
  return record.readyAt || record.kind === 'service' ? 'Running' : 'Booting';
}

/** Ports on the instance's own address by their numbers, those published elsewhere in full. */
function portsOf(record: InstanceRecord): string {
  const ports = record.ports.map(({ hostAddress, hostPort, guestPort, protocol }) => {
    const guest = `${guestPort}${protocol === 'UDP' ? '/udp' : ''}`;
    return hostAddress === record.address && hostPort === guestPort ? guest : `${hostAddress}:${hostPort}->${guest}`;
  });
  return ports.join(',') || '-';
}

function bootOf(record: InstanceRecord): string {
  return record.bootMicroseconds === undefined ? '-' : `${(record.bootMicroseconds / 1000).toFixed(1)}ms`;
}
