import type { Instance } from '../types.ts';

/** What is known of a PersistentVolumeClaim. */
export interface Claim {
  volumeMode: string;
  accessModes: readonly string[];
}

export interface LaunchInput {
  instance: Instance;
  launcherImage: string;
  /** The claim of this name in the instance's namespace. */
  claimOf: (name: string) => Claim | undefined;
  /** 0 to 1, for the jitter of a time-out. */
  random: () => number;
}

/** The kinds of pod volumes that launcher pods have. */
export interface PodVolume {
  name: string;
  emptyDir?: { medium?: string };
  secret?: { secretName: string; optional?: boolean };
  configMap?: { name: string; optional?: boolean };
  downwardAPI?: { items: object[] };
  persistentVolumeClaim?: { claimName: string; readOnly?: boolean };
  image?: { reference: string; pullPolicy?: string };
}

export interface VolumeMount {
  name: string;
  mountPath: string;
  subPath?: string;
  readOnly?: boolean;
  mountPropagation?: string;
}

export interface ResourceRequirements {
  requests: Record<string, string>;
  limits: Record<string, string>;
}
