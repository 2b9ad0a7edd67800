/** Labels and annotations on what belongs to an app. Children are matched by the UID of their owner; labels only select. */
export const labels = {
  app: 'osvapp.dev/app',
  revision: 'osvapp.dev/revision',
  /** Number of an instance that is a VirtualMachine, from 0. */
  ordinal: 'osvapp.dev/ordinal',
  /** Name of the app's volume that a claim is for. */
  volume: 'osvapp.dev/volume',
  managedBy: 'app.kubernetes.io/managed-by',
  name: 'app.kubernetes.io/name',
} as const;

export const annotations = {
  /** The part of the app's spec that made a revision, as JSON: what `osv rollout undo` goes back to. */
  revisionSpec: 'osvapp.dev/revision-spec',
  /** Counts up with every revision of an app. */
  revisionNumber: 'osvapp.dev/revision-number',
  /**
   * Digest of what this operator applied last, so that a field that it wants no longer is taken back too. On a replica
   * set: of what it was made with (`setContents`); one that another version of the operator made is left as it is.
   */
  applied: 'osvapp.dev/applied',
} as const;

export const managedBy = 'osv-operator';
export const finalizer = 'osvapp.dev/cleanup';

export const metricsPortName = 'osv-metrics';

export function appLabels(appName: string): Record<string, string> {
  return { [labels.app]: appName, [labels.name]: appName, [labels.managedBy]: managedBy };
}

/** What the app's Service and budget select: every instance, of whatever revision. */
export function instanceSelector(appName: string): Record<string, string> {
  return { [labels.app]: appName };
}
