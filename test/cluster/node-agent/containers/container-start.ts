import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Pod } from '@osv/operator/kubernetes';
import type { UnpackedImage } from '../images/unpacked-image.ts';
import type { Mount } from './bubblewrap.ts';
import type { Container } from './container.ts';
import type { ContainerStart } from './container-process.ts';
import { makeMountPoint, makeRoot } from './container-root.ts';
import { containerEnvironment, expand } from './environment.ts';
import type { PodNetwork } from './pod-network.ts';
import type { PodObjects } from './pod-objects.ts';
import type { PodVolumes } from './pod-volumes.ts';
import { containerUser } from './user.ts';

/** What the containers of a pod share. */
export interface PodPlace {
  pod: Readonly<Pod>;
  podAddress: string;
  network: PodNetwork;
  volumes: PodVolumes;
  objects: PodObjects;
  /** Folder of the pod. */
  folder: string;
  /** Given to every container: path in the container by path of this machine. */
  sharedFiles: Readonly<Record<string, string>>;
  apiServer: { host: string; port: string };
}

const terminationPathDefault = '/dev/termination-log';

/** Prepares one run of a container below `folder`: root, mounts, variables, command. @throws NodeAgentError */
export async function prepareContainer(
  place: PodPlace,
  container: Container,
  image: UnpackedImage,
  folder: string,
): Promise<ContainerStart & { terminationFile: string }> {
  const { pod, podAddress, objects, apiServer } = place;
  const { configuration } = image;
  const identity = await containerUser(pod, container, configuration.User ?? '', image.root);
  const environment = await containerEnvironment({
    pod,
    container,
    podAddress,
    objects,
    apiServer,
    imageVariables: configuration.Env ?? [],
  });
  const readOnlyRoot = container.securityContext?.readOnlyRootFilesystem ?? false;
  const root = join(folder, 'root');
  await makeRoot(image.root, root, readOnlyRoot);
  const terminationFile = join(folder, 'termination');
  await writeFile(terminationFile, '');
  const workingDirectory = container.workingDir || configuration.WorkingDir || '/';
  const mounts: Mount[] = [
    ...Object.entries(place.sharedFiles).map(([target, source]) => ({ source, target, readOnly: true })),
    { source: terminationFile, target: container.terminationMessagePath || terminationPathDefault, readOnly: false },
    ...(container.volumeMounts ?? []).map(({ name, mountPath, subPath, readOnly }) => ({
      source: place.volumes.path(name, subPath),
      target: mountPath,
      readOnly: readOnly === true || place.volumes.isReadOnly(name),
    })),
  ];
  for (const mount of mounts) {
    mount.target = await makeMountPoint(root, mount.target, (await stat(mount.source)).isDirectory());
  }
  // Outer ones first, so that they do not hide the inner ones.
  mounts.sort((left, right) => left.target.length - right.target.length);
  const words = (all: readonly string[] | undefined) => (all ?? []).map((word) => expand(word, environment));
  const command = container.command?.length
    ? [...words(container.command), ...words(container.args)]
    : [
        ...(configuration.Entrypoint ?? []),
        ...(container.args?.length ? words(container.args) : (configuration.Cmd ?? [])),
      ];
  return {
    box: { root, readOnlyRoot, mounts, ...identity, hostname: pod.metadata.name, environment, workingDirectory },
    command,
    enter: place.network.enter(),
    logPath: join(folder, 'log'),
    terminationFile,
  };
}
