import type { BootConfiguration, OsvApp as OsvAppFile } from '@osv/contracts';
import type { ImageState } from '../images/image-state.ts';
import type {
  KubernetesObject,
  ObjectReference,
  OsvApp,
  PersistentVolumeClaim,
  Resource,
  VirtualMachineInstanceReplicaSet,
} from '../kubernetes/index.ts';
import type { ConditionDraft } from './reasons.ts';
import type { Crash } from './rollout/back-off.ts';

export type AppSpec = OsvAppFile['spec'];
export type AppStatus = NonNullable<OsvAppFile['status']>;
export type { ConditionDraft };
export type Condition = NonNullable<AppStatus['conditions']>[number];

/** One revision's VirtualMachineInstanceReplicaSet. */
export interface ObservedSet {
  readonly name: string;
  readonly uid: string;
  readonly revision: string;
  readonly revisionNumber: number;
  /** What its spec asks for. */
  readonly replicas: number;
  readonly paused: boolean;
  /** KubeVirt has seen the pause: it starts nothing in the place of what goes. */
  readonly pauseObserved: boolean;
  /** Digest of what it holds now; see `setContents`. */
  readonly contents: string;
  /** Digest of what it was made with. */
  readonly madeWith: string | undefined;
}

/** When a set was last brought back to what it should be. */
export interface SetMend {
  /** Digest of what the server made of it. */
  readonly contents: string;
  readonly at: Date;
  /** In a row. */
  readonly times: number;
  /** When it may be the next time. */
  readonly notBefore: Date;
}

/** One VirtualMachine, the instance with an ordinal of an app with persistent volumes. */
export interface ObservedMachine {
  readonly name: string;
  readonly uid: string;
  readonly ordinal: number;
  /** That of its template: its instance may still run another one. */
  readonly revision: string;
  readonly runStrategy: string;
  readonly leaving: boolean;
  /** Why KubeVirt made no instance of it, in its words. */
  readonly problem: string | undefined;
}

/** One VirtualMachineInstance. */
export interface ObservedInstance {
  readonly name: string;
  readonly uid: string;
  /** Of its set or machine. */
  readonly ownerUid: string;
  readonly revision: string;
  /** KubeVirt's word: Pending, Scheduling, Scheduled, Running, Succeeded, Failed, Unknown; empty at first. */
  readonly phase: string;
  readonly ready: boolean;
  /** It is going away, or it has ended. */
  readonly leaving: boolean;
  readonly node: string | undefined;
  readonly address: string | undefined;
  readonly createdAt: Date;
  /** Why it does not run, in KubeVirt's words. */
  readonly problem: string | undefined;
}

/** What a guest's own metrics say. */
export interface GuestFacts {
  readonly bootMilliseconds: number | undefined;
  readonly kernelVersion: string | undefined;
}

/** What ConfigMaps and Secrets that an app names hold. */
export interface ReferencedData {
  /** Digest of all of it; changes when any of it does. */
  readonly digest: string;
  /** Values for `env[].valueFrom`, by the variable's name. */
  readonly environment: ReadonlyMap<string, string>;
  /** One sentence for each object or key that is not there. */
  readonly missing: readonly string[];
}

/** Everything that is looked at for one pass, taken at one moment; decisions look at nothing else. */
export interface Observed {
  readonly app: OsvApp;
  readonly now: Date;
  readonly image: { readonly key: string; readonly sourceDigest: string; readonly state: ImageState };
  readonly referenced: ReferencedData;
  /** One for each revision that is kept, also where the instances are machines. */
  readonly sets: readonly ObservedSet[];
  /** By the UID of the set. */
  readonly mends: ReadonlyMap<string, SetMend>;
  readonly machines: readonly ObservedMachine[];
  readonly instances: readonly ObservedInstance[];
  /** Guests that have ended by themselves and are still to be seen, counted before or not. */
  readonly crashes: readonly Crash[];
  /** The same of those that went not long ago, perhaps before anybody looked. */
  readonly crashesOfGone: readonly Crash[];
  /** By the UID of the instance. */
  readonly guests: ReadonlyMap<string, GuestFacts>;
  /** UIDs of instances that have been asked for their metrics in vain. */
  readonly silentGuests: ReadonlySet<string>;
  /** Objects of the app that are compared with what they should be. */
  readonly owned: OwnedObjects;
  /** Whether the cluster knows PodMonitors. */
  readonly podMonitors: boolean;
}

export interface OwnedObjects {
  readonly service: KubernetesObject | undefined;
  readonly networkPolicy: KubernetesObject | undefined;
  readonly disruptionBudget: KubernetesObject | undefined;
  readonly podMonitor: KubernetesObject | undefined;
}

/** Always: it is started again whenever it ends. Manual: what runs goes on, what has ended stays. Halted: it is ended. */
export type RunStrategy = 'Always' | 'Manual' | 'Halted';

/** One outside effect. They are carried out in order, and the first that fails ends the pass. */
export type Action =
  | {
      readonly type: 'apply';
      readonly resource: Resource;
      readonly object: KubernetesObject;
      /** Whether fields may be taken over: never those of an object that is not the app's, and only has its name. */
      readonly takeOver: boolean;
    }
  | { readonly type: 'delete'; readonly resource: Resource; readonly reference: ObjectReference; readonly uid?: string }
  | { readonly type: 'build-image'; readonly key: string }
  | {
      /** The management token is put into the configuration when this is carried out, so that no decision sees it. */
      readonly type: 'ensure-boot-secret';
      readonly name: string;
      readonly configuration: BootConfiguration;
    }
  | { readonly type: 'ensure-claim'; readonly claim: PersistentVolumeClaim }
  | { readonly type: 'set-run-strategy'; readonly machine: string; readonly runStrategy: RunStrategy }
  /** Brings a set that somebody has changed back to this. */
  | {
      readonly type: 'mend-set';
      readonly set: VirtualMachineInstanceReplicaSet;
      /** Digest of what it holds before. */
      readonly found: string;
    }
  | { readonly type: 'number-set'; readonly set: string; readonly revisionNumber: number }
  | { readonly type: 'scale-set'; readonly set: string; readonly replicas: number; readonly paused: boolean }
  | {
      readonly type: 'event';
      readonly severity: 'Normal' | 'Warning';
      readonly reason: string;
      readonly message: string;
    };

/** What a stage adds to a pass. */
export interface StageOutcome {
  readonly actions?: readonly Action[];
  readonly conditions?: readonly ConditionDraft[];
  readonly status?: Partial<AppStatus>;
  /** When to look again although nothing has changed. */
  readonly requeueAfterSeconds?: number;
}

export interface Decision {
  readonly actions: readonly Action[];
  readonly status: AppStatus;
  readonly requeueAfterSeconds: number | undefined;
}
