import { type GoModule, kubernetesVersion } from './go-module.ts';

/** The package of each tool, in the order of the build: kube-apiserver compiles most of what the later ones share. */
export const goTools = {
  etcd: 'go.etcd.io/etcd/server/v3',
  kubeApiserver: 'k8s.io/kubernetes/cmd/kube-apiserver',
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  kubeControllerManager: 'k8s.io/kubernetes/cmd/kube-controller-manager',
  kubeScheduler: 'k8s.io/kubernetes/cmd/kube-scheduler',
  helm: 'helm.sh/helm/v4/cmd/helm',
} as const;

export type GoTool = keyof typeof goTools;

/** Absolute paths of the programs. */
export type Tools = Readonly<Record<GoTool, string>>;

export const goToolNames = Object.keys(goTools) as GoTool[];

/**
 * Flags of `go build`. The linker writes the versions into the programs as the projects' own releases do: without them
 * the API server calls itself v0.0.0 and its version checks fail.
 */
export function buildFlags(goModule: GoModule): string[] {
  const kubernetes = kubernetesVersion(goModule);
  const [major = '', minor = ''] = kubernetes.replace(/^v/, '').split('.');
  const variables: Record<string, string> = {
    'helm.sh/helm/v4/internal/version.version': goModule.versions.get('helm.sh/helm/v4') ?? '',
  };
  for (const path of ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']) {
    variables[`${path}.gitVersion`] = kubernetes;
    variables[`${path}.gitMajor`] = major;
    variables[`${path}.gitMinor`] = minor;
    variables[`${path}.gitTreeState`] = 'clean';
  }
  const linked = Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`);
  return ['-trimpath', '-buildvcs=false', `-ldflags=${['-s', '-w', ...linked].join(' ')}`];
}
