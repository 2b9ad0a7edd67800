import { createHash } from 'node:crypto';
import type { KubernetesObject } from '@osv/operator/kubernetes';
import { annotations, labels, nonRootUser, unpausedCondition } from '../kubevirt-names.ts';
import type { Instance } from '../types.ts';
import { computeContainer, gracePaddingSeconds, graceSeconds, initContainers } from './containers.ts';
import { nodeAffinity, nodeSelector } from './node-choice.ts';
import type { LaunchInput } from './pod-types.ts';
import { memoryOverhead } from './resources.ts';
import { podVolumes } from './volumes.ts';

/** Longest label value. */
const labelMax = 63;

/**
 * The pod that runs an instance, as KubeVirt 1.9 makes it with its default configuration (renderLaunchManifest in
 * pkg/virt-controller/services/template.go).
 *
 * @throws LaunchError when a claim is missing
 */
export function launcherPod(input: LaunchInput): KubernetesObject & { spec: object } {
  const { instance } = input;
  const { spec, metadata } = instance;
  const hostname = hostnameOf(instance);
  const volumes = podVolumes(input);
  const account = serviceAccountOf(instance);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      generateName: `virt-launcher-${metadata.name}-`,
      ...(metadata.namespace && { namespace: metadata.namespace }),
      labels: podLabels(instance, hostname),
      annotations: podAnnotations(instance),
      ownerReferences: [
        {
          apiVersion: 'kubevirt.io/v1',
          kind: 'VirtualMachineInstance',
          name: metadata.name,
          uid: metadata.uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    } as unknown as KubernetesObject['metadata'],
    spec: {
      hostname,
      securityContext: {
        fsGroup: nonRootUser,
        runAsUser: nonRootUser,
        runAsGroup: nonRootUser,
        runAsNonRoot: true,
      },
      terminationGracePeriodSeconds: graceSeconds(instance) + 2 * gracePaddingSeconds,
      restartPolicy: 'Never',
      containers: [computeContainer(input, volumes)],
      initContainers: initContainers(input),
      nodeSelector: nodeSelector(instance),
      affinity: nodeAffinity(instance),
      volumes: volumes.volumes,
      readinessGates: [{ conditionType: unpausedCondition }],
      enableServiceLinks: false,
      automountServiceAccountToken: spec.volumes?.some(({ serviceAccount }) => serviceAccount) ?? false,
      ...(account && { serviceAccountName: account }),
      ...pullSecrets(instance),
      ...passedOn(instance),
    },
  };
}

/** SanitizeHostname in pkg/util/net/dns. */
function hostnameOf({ spec, metadata }: Instance): string {
  return spec.hostname || (metadata.name.split('.')[0] ?? '').slice(0, labelMax);
}

/** Fields that the pod takes over from the instance as they are. */
function passedOn({ spec }: Instance): object {
  const { subdomain, dnsConfig, dnsPolicy, schedulerName, tolerations, priorityClassName, topologySpreadConstraints } =
    spec;
  const fields = {
    subdomain,
    dnsConfig,
    dnsPolicy,
    schedulerName,
    tolerations,
    priorityClassName,
    topologySpreadConstraints,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== ''));
}

function pullSecrets({ spec }: Instance): object {
  const names = [
    ...(spec.volumes ?? []).map(({ containerDisk }) => containerDisk?.imagePullSecret),
    spec.domain.firmware?.kernelBoot?.container?.imagePullSecret,
  ].filter((name): name is string => Boolean(name));
  return names.length > 0 ? { imagePullSecrets: [...new Set(names)].map((name) => ({ name })) } : {};
}

function serviceAccountOf({ spec }: Instance): string | undefined {
  const own = 'serviceAccountName' in spec ? String(spec.serviceAccountName ?? '') : '';
  return own || spec.volumes?.find(({ serviceAccount }) => serviceAccount)?.serviceAccount?.serviceAccountName;
}

function podLabels({ metadata }: Instance, hostname: string): Record<string, string> {
  return {
    ...metadata.labels,
    [labels.app]: 'virt-launcher',
    [labels.createdBy]: metadata.uid ?? '',
    [labels.machineName]: hostname,
    [labels.instanceId]: instanceId(metadata.name),
  };
}

/** CalculateVirtualMachineInstanceID in pkg/apimachinery: names that are too long end with a digest. */
function instanceId(name: string): string {
  if (name.length <= labelMax) return name;
  const digest = createHash('sha1').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, labelMax - digest.length - 1)}-${digest}`;
}

/** generatePodAnnotations with those of pkg/network/pod/annotations and pkg/storage/pod/annotations. */
function podAnnotations(instance: Instance): Record<string, string> {
  const { spec, metadata } = instance;
  const passed = Object.entries(metadata.annotations ?? {}).filter(
    ([name]) =>
      !name.startsWith('kubectl.kubernetes.io') &&
      !name.startsWith(annotations.storageApiVersion) &&
      !name.startsWith(annotations.latestApiVersion),
  );
  const masquerade = spec.domain.devices.interfaces?.some((nic) => nic.masquerade);
  return {
    [annotations.domain]: metadata.name,
    ...Object.fromEntries(passed),
    [annotations.defaultContainer]: 'compute',
    [annotations.migrationTransportUnix]: 'true',
    [annotations.evictOnly]: '',
    [annotations.memoryOverhead]: `${memoryOverhead(instance).value}`,
    ...(masquerade ? istioAnnotations : {}),
    ...(metadata.annotations?.[annotations.skipBackupHooks] === 'true' ? {} : backupHooks(metadata)),
  };
}

/** The service mesh Istio lets the in-pod bridge through. */
const istioAnnotations = {
  'traffic.sidecar.istio.io/kubevirtInterfaces': 'k6t-eth0',
  'istio.io/reroute-virtual-interfaces': 'k6t-eth0',
};

/** The backup tool Velero freezes the guest's file systems meanwhile. */
function backupHooks({ name, namespace }: Instance['metadata']): Record<string, string> {
  const command = (what: string) =>
    `["/usr/bin/virt-freezer", "--${what}", "--name", "${name}", "--namespace", "${namespace}"]`;
  return {
    'pre.hook.backup.velero.io/container': 'compute',
    'pre.hook.backup.velero.io/command': command('freeze'),
    'pre.hook.backup.velero.io/timeout': '60s',
    'post.hook.backup.velero.io/container': 'compute',
    'post.hook.backup.velero.io/command': command('unfreeze'),
  };
}
