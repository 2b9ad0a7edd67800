import type { Job, OsvApp } from '../kubernetes/index.ts';

export const buildLabels = { key: 'osvapp.dev/build', attempt: 'osvapp.dev/build-attempt' } as const;

/** Selects the Jobs and pods of builds. */
export const buildSelector = buildLabels.key;

/** Where the ConfigMap is in the builder; the chart's files name it, too. */
const configurationFolder = '/etc/osv-builder';
const appAnnotation = 'osvapp.dev/build-app';
/** Longer than any sensible build; after it the Job counts as failed. */
const deadlineSeconds = 3600;
/** How long a finished Job can be looked at. */
const keptSeconds = 3600;

export interface BuildJobOptions {
  readonly namespace: string;
  readonly builderImage: string;
  /** Flags of the builder program that are the same for every build. */
  readonly flags: readonly string[];
  readonly serviceAccount: string;
  /** Secret with the key config.json: credentials for the registry. */
  readonly registrySecret: string | undefined;
  /** ConfigMap with the settings of apt (apt.conf) and authorities (*.crt). */
  readonly configMap: string | undefined;
  /** Variables of the builder, such as those that name proxies. */
  readonly environment: Readonly<Record<string, string>>;
  readonly resources: { readonly cpu: string; readonly memory: string; readonly disk: string };
}

export function buildJobName(key: string, attempt: number): string {
  return `osv-build-${key}-${attempt}`;
}

/**
 * The Job of one try to build an image. The part of the app that the builder reads reaches it as an annotation that the
 * downward API shows as a file; the result comes back as the container's termination message.
 */
export function buildJob(options: BuildJobOptions, key: string, attempt: number, app: OsvApp): Job {
  const labels = { [buildLabels.key]: key, [buildLabels.attempt]: String(attempt) };
  const annotations = { [appAnnotation]: JSON.stringify(sourceOnly(app)) };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: buildJobName(key, attempt), namespace: options.namespace, labels },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: deadlineSeconds,
      ttlSecondsAfterFinished: keptSeconds,
      template: {
        metadata: { labels, annotations } as never,
        spec: {
          restartPolicy: 'Never',
          serviceAccountName: options.serviceAccount,
          automountServiceAccountToken: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            runAsGroup: 65532,
            fsGroup: 65532,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [container(options)],
          volumes: [
            {
              name: 'app',
              downwardAPI: {
                items: [{ path: 'app.json', fieldRef: { fieldPath: `metadata.annotations['${appAnnotation}']` } }],
              },
            },
            { name: 'work', emptyDir: { sizeLimit: options.resources.disk } },
            ...(options.configMap ? [{ name: 'configuration', configMap: { name: options.configMap } }] : []),
            ...(options.registrySecret ? [{ name: 'registry', secret: { secretName: options.registrySecret } }] : []),
          ],
        },
      },
    },
  };
}

function container(options: BuildJobOptions) {
  const { builderImage, flags, registrySecret, configMap, environment } = options;
  const { cpu, memory, disk } = options.resources;
  return {
    name: 'builder',
    image: builderImage,
    args: [
      '--app',
      '/app/app.json',
      '--result',
      '/dev/termination-log',
      '--cache',
      '/build/cache',
      ...flags,
      ...(configMap ? ['--cert-dir', configurationFolder] : []),
      ...(registrySecret ? ['--auth-file', '/registry/config.json'] : []),
    ],
    env: [
      { name: 'HOME', value: '/build' },
      { name: 'TMPDIR', value: '/build' },
      ...(configMap ? [{ name: 'APT_CONFIG', value: `${configurationFolder}/apt.conf` }] : []),
      ...Object.entries(environment).map(([name, value]) => ({ name, value })),
    ],
    resources: {
      requests: { cpu: '100m', memory: '256Mi', 'ephemeral-storage': '1Gi' },
      limits: { cpu, memory, 'ephemeral-storage': disk },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: 'app', mountPath: '/app', readOnly: true },
      { name: 'work', mountPath: '/build' },
      ...(configMap ? [{ name: 'configuration', mountPath: configurationFolder, readOnly: true }] : []),
      ...(registrySecret ? [{ name: 'registry', mountPath: '/registry', readOnly: true }] : []),
    ],
  };
}

/** What an image depends on; nothing else of an app is told to a build. */
function sourceOnly({ metadata, spec }: OsvApp) {
  return {
    apiVersion: 'osvapp.dev/v1alpha1',
    kind: 'OsvApp',
    metadata: { name: metadata.name },
    spec: { source: spec.source, ...(spec.runtime ? { runtime: spec.runtime } : {}) },
  };
}
