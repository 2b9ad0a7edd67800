import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { bootConfiguration, bootConfigurationText, managementPort } from '@osv/contracts';
import { createToken } from '../boot-configuration/token.ts';
import { exitCodes, LocalError } from '../errors.ts';
import { loadedKernelBytes } from '../image/kernel-size.ts';
import type { LaunchPlan } from '../instance/launch-plan.ts';
import { ownIdentity } from '../instance/process-identity.ts';
import type { InstanceRecord, PublishedPort } from '../instance/record.ts';
import type { InstanceStore } from '../instance/store.ts';
import { chooseAccelerator } from '../machine/acceleration.ts';
import { chooseMemoryMebibytes } from '../machine/memory-size.ts';
import { bootNetwork } from '../network/guest-network.ts';
import { claimAddress } from '../network/loopback-address.ts';
import { planNetwork } from '../network/network-plan.ts';
import { requireFreePorts } from '../network/ports.ts';
import { requireProgram } from '../tools.ts';
import type { StartRequest, Volume } from './request.ts';
import { bindVolumes, dataVolumes, fileVolumes } from './volumes.ts';

const cpusMax = 64;

export interface PreparedInstance {
  record: InstanceRecord;
  plan: LaunchPlan;
  /** Why the guest is emulated, as a sentence; undefined with KVM, or when the user chose emulation. */
  accelerationNote: string | undefined;
}

/**
 * Decides everything about an instance, claims its name and address, and writes its record. Whatever can be refused is
 * refused here, before anything runs; nothing stays behind then.
 *
 * @throws LocalError
 */
export async function prepareInstance(store: InstanceStore, request: StartRequest): Promise<PreparedInstance> {
  const { image } = request;
  if (!Number.isInteger(request.cpus) || request.cpus < 1 || request.cpus > cpusMax) {
    throw new LocalError(
      'invalid-argument',
      `${request.cpus} is no number of CPUs; give a whole number from 1 to ${cpusMax}.`,
    );
  }
  const size = { kernelBytes: await loadedKernelBytes(image.kernelPath), rootBytes: image.rootBytes };
  const memoryMebibytes = chooseMemoryMebibytes(size, request.memoryBytes);
  const token = createToken();
  const configure = (volumes: Volume[]) =>
    bootConfiguration(image.entryPoint, {
      ...(request.command ? { command: request.command } : {}),
      ...(request.arguments ? { arguments: request.arguments } : {}),
      environment: request.environment,
      ...(request.workingDirectory ? { workingDirectory: request.workingDirectory } : {}),
      hostname: request.hostname ?? request.name,
      mounts: volumes.map((volume) => volume.mount),
      tracepoints: request.tracepoints,
      network: request.network ? bootNetwork : undefined,
      token,
    });
  const command = configure([])?.arguments;
  if (!command) {
    const message = `The image ${image.name} names no program to run; name one after the image.`;
    throw new LocalError('not-found', message, { exitCode: exitCodes.notFound });
  }
  const [qemu, setpriv] = [await requireProgram('qemu-system-x86_64'), await requireProgram('setpriv')];
  const acceleration = request.icount
    ? { accelerator: 'tcg' as const, reason: undefined }
    : await chooseAccelerator(qemu, store.folders.cache);
  const machine = {
    machine: request.machine,
    accelerator: acceleration.accelerator,
    icount: request.icount,
    cpus: request.cpus,
    memoryMebibytes,
  };

  let record: InstanceRecord = {
    version: 1,
    name: request.name,
    nameInvented: request.nameInvented,
    kind: request.kind,
    state: 'created',
    ...(request.app ? { app: request.app } : {}),
    createdAt: new Date().toISOString(),
    creator: ownIdentity(),
    image: { name: image.name, digest: image.digest, kernelVersion: image.kernelVersion },
    command,
    machine: { ...machine, type: request.machine },
    ports: [],
    gracePeriodSeconds: request.gracePeriodSeconds,
    removeOnExit: request.removeOnExit,
  };
  const paths = await store.create(record);
  try {
    if (request.network) record = { ...record, ...(await claimPorts(store, request)) };
    await store.write(record);
    await writeFile(paths.token, token, { mode: 0o600 });
    const volumes = [
      ...(await fileVolumes(await dataVolumes(request.volumes, paths.volumes), paths.folder)),
      ...(await bindVolumes(request.binds, paths.folder)),
    ];
    const configuration = configure(volumes);
    if (!configuration) throw new Error('a command that was there has gone');
    const plan: LaunchPlan = {
      name: record.name,
      qemu,
      setpriv,
      machine: {
        ...machine,
        kernelPath: image.kernelPath,
        kernelOptions: request.kernelArguments,
        macAddress: macAddress(record.name),
      },
      disks: [
        { serial: 'root', path: image.rootPath, readOnly: true },
        ...volumes.flatMap((volume) => volume.disk ?? []),
      ],
      bootConfiguration: bootConfigurationText(configuration),
      network: request.network ? await planNetwork(record.ports, request.userNetwork) : undefined,
    };
    return { record, plan, accelerationNote: acceleration.reason };
  } catch (error) {
    await store.remove(record);
    throw error;
  }
}

type OwnPort = StartRequest['ports'][number];

/** The instance's own address with its ports and the management port on it, and the ports published elsewhere. */
async function claimPorts(
  store: InstanceStore,
  request: StartRequest,
): Promise<Pick<InstanceRecord, 'address' | 'ports' | 'metricsUrl'>> {
  const keyOf = ({ port, protocol }: OwnPort) => (protocol === 'UDP' ? `${port}/udp` : `${port}`);
  const own = new Map<string, OwnPort>(request.ports.map((port) => [keyOf(port), port]));
  for (const { hostPort, guestPort: port, protocol } of request.publish) {
    const asked = { port, ...(protocol && { protocol }) };
    if (hostPort === undefined && !own.has(keyOf(asked))) own.set(keyOf(asked), asked);
  }
  const published: PublishedPort[] = request.publish.flatMap(({ hostAddress, hostPort, ...guest }) =>
    hostAddress !== undefined && hostPort !== undefined ? [{ hostAddress, hostPort, ...guest }] : [],
  );
  await requireFreePorts(published);
  const ownPorts = [...own.values()].filter(({ protocol }) => protocol !== 'UDP').map(({ port }) => port);
  const address = await claimAddress(store.folders.addresses, request.name, [...ownPorts, managementPort]);
  const onOwnAddress = ({ port, ...about }: OwnPort): PublishedPort => ({
    ...about,
    hostAddress: address,
    hostPort: port,
    guestPort: port,
  });
  return {
    address,
    ports: [
      ...published,
      ...[...own.values()].map(onOwnAddress),
      ...(own.has(keyOf({ port: managementPort })) ? [] : [onOwnAddress({ port: managementPort, name: 'metrics' })]),
    ],
    metricsUrl: `http://${address}:${managementPort}/metrics`,
  };
}

/** A locally administered address that differs between instances; each is alone on its wire, so this is for reading. */
function macAddress(name: string): string {
  const digest = createHash('sha256').update(name).digest();
  return ['52', '54', '00', ...[0, 1, 2].map((index) => (digest[index] ?? 0).toString(16).padStart(2, '0'))].join(':');
}
