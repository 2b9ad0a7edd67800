/** What a reason says, and the status that its condition has with it. */
interface Reason {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly meaning: string;
}

/** What each condition of an OsvApp is about. */
export const conditionMeanings = {
  ImageReady: 'The image of the spec of now is in the registry.',
  Compatible: 'The kernel and the image have what the program is known to need.',
  Available: 'So many instances are ready as the strategy asks for at all times.',
  Progressing: 'What runs is what the spec asks for, or is on its way there.',
  MetricsFlowing: 'The operator gets metrics from every running instance.',
  Degraded: 'Something is wrong that somebody should look at.',
} as const;

export type ConditionType = keyof typeof conditionMeanings;

/**
 * Every reason that a condition can have. No stage can state another one, and `docs/api/osvapp.md` is written from this
 * table.
 */
export const reasons = {
  ImageReady: {
    Built: { status: 'True', meaning: 'The image is in the registry; the message has its reference by digest.' },
    Building: {
      status: 'False',
      meaning: 'The image is being built, or waits: for its turn, or for what the message says.',
    },
    BuildRetrying: { status: 'False', meaning: 'The build failed; it is tried again after 10 s, doubling to 10 min.' },
    BuildFailed: {
      status: 'False',
      meaning: 'The build failed, and the same source will hardly build later; it is tried again every 10 min.',
    },
    Unsupported: { status: 'False', meaning: 'Nothing is built, because the spec asks for what there is not yet.' },
  },
  Compatible: {
    Complete: { status: 'True', meaning: 'Nothing is known to be missing.' },
    SomeSystemCallsMissing: {
      status: 'True',
      meaning: 'The program contains system calls that the kernel answers with ENOSYS. Many programs do without them.',
    },
    MissingLibraries: { status: 'False', meaning: 'The program needs shared libraries that the image does not hold.' },
    NotChecked: { status: 'Unknown', meaning: 'There is no image to look at yet.' },
  },
  Available: {
    MinimumInstancesReady: { status: 'True', meaning: 'At least spec.replicas less maxUnavailable are ready.' },
    TooFewInstancesReady: { status: 'False', meaning: 'Fewer than that are ready.' },
  },
  Progressing: {
    RolloutComplete: { status: 'True', meaning: 'Every instance runs the revision of now and is ready.' },
    RollingOut: { status: 'True', meaning: 'Instances of a new revision take the place of old ones.' },
    Paused: { status: 'Unknown', meaning: 'spec.paused holds the rollout.' },
    ProgressDeadlineExceeded: {
      status: 'False',
      meaning: 'No other instance has become ready within 10 minutes, and the rollout is not at its end.',
    },
    ImageNotReady: { status: 'False', meaning: 'There is no image to start; ImageReady says why.' },
    ReferencesMissing: { status: 'False', meaning: 'A ConfigMap, Secret or key that the spec names is not there.' },
    NoProgram: { status: 'False', meaning: 'Neither the spec nor the image names a program.' },
    Unsupported: { status: 'False', meaning: 'The spec asks for what the operator cannot do yet.' },
  },
  MetricsFlowing: {
    GuestsAnswer: { status: 'True', meaning: 'Every running instance has answered on its management port.' },
    GuestsSilent: { status: 'False', meaning: 'Some have not answered yet.' },
    NothingRuns: { status: 'Unknown', meaning: 'No instance is running.' },
  },
  Degraded: {
    AsExpected: { status: 'False', meaning: 'Nothing is wrong.' },
    BuildRetrying: { status: 'True', meaning: 'As in ImageReady.' },
    BuildFailed: { status: 'True', meaning: 'As in ImageReady.' },
    CrashLoopBackOff: {
      status: 'True',
      meaning: 'The program ends again and again; it is started after a delay of 10 s, doubling to 5 min.',
    },
    InstanceNotStarting: { status: 'True', meaning: 'KubeVirt or the scheduler cannot start an instance.' },
    ReferencesMissing: { status: 'True', meaning: 'As in Progressing; the message names each object and key.' },
    NoProgram: { status: 'True', meaning: 'As in Progressing.' },
    Unsupported: { status: 'True', meaning: 'As in Progressing; the message names each field. What runs goes on.' },
    ActionFailed: { status: 'True', meaning: 'The API server refused what the operator did; the message says what.' },
  },
} as const satisfies Record<ConditionType, Readonly<Record<string, Reason>>>;

type Reasons = typeof reasons;

/** A condition as a stage states it; times are added when the status is put together. */
export type ConditionDraft = {
  [Type in ConditionType]: {
    [Word in keyof Reasons[Type]]: {
      readonly type: Type;
      readonly status: Reasons[Type][Word] extends { status: infer Status } ? Status : never;
      readonly reason: Word;
      readonly message: string;
    };
  }[keyof Reasons[Type]];
}[ConditionType];
