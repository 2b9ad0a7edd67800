/** What a remedy's text may name. */
export interface Subject {
  name: string;
  namespace: string;
  /** An instance that exists, else a placeholder. */
  instance: string;
  /** `osv` or `kubectl osv`. */
  programName: string;
}

/** What to do about a condition with this reason, as a sentence. A reason that mends itself has none. */
export const remedies: Readonly<Record<string, (subject: Subject) => string>> = {
  BuildFailed: ({ name, namespace }) =>
    `Mend spec.source and apply again; \`kubectl describe osvapp ${name} -n ${namespace}\` shows the events of the build, and \`osv build FILE\` on one machine does the same steps.`,
  MissingLibraries: () =>
    'Add what is missing to the image, or its packages to spec.source.packages.names; `osv check PROGRAM` lists it on one machine.',
  ReferencesMissing: ({ namespace }) =>
    `Create what is missing in the namespace ${namespace}, or take it out of the spec; the operator looks again within a minute.`,
  Unsupported: () => 'Change the fields that the message names; what runs already goes on.',
  NoProgram: () => 'Set spec.command to the program and its first arguments.',
  CrashLoopBackOff: ({ name, namespace, instance, programName }) =>
    `\`virtctl console ${instance} -n ${namespace}\` shows what it prints at its next start; \`${programName} rollout undo ${name} -n ${namespace}\` goes back to the revision before.`,
  InstanceNotStarting: ({ namespace, instance }) =>
    `\`kubectl describe vmi ${instance} -n ${namespace}\` shows KubeVirt's events; often no node has KVM or enough free memory.`,
  ActionFailed: ({ namespace }) =>
    `The operator tries again by itself; look at its rights, and at quotas and admission policies of the namespace ${namespace}.`,
  ProgressDeadlineExceeded: ({ name, namespace, programName }) =>
    `\`${programName} rollout undo ${name} -n ${namespace}\` goes back to the revision before; what runs of it goes on meanwhile.`,
  Paused: ({ name, namespace, programName }) =>
    `\`${programName} rollout resume ${name} -n ${namespace}\` lets the rollout go on.`,
  GuestsSilent: ({ namespace }) =>
    `If this stays, look whether a NetworkPolicy of the namespace ${namespace} keeps the operator from TCP port 9180.`,
  NotObserved: () =>
    'If this stays, see whether the operator runs: `kubectl get pods -A -l app.kubernetes.io/name=osv-operator`.',
};
