import { isMap, isScalar, type Node, parseDocument } from 'yaml';

interface Value {
  readonly path: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** The comment above a key of values.yaml, as one line. The first key's may stand above the whole map. */
function commentOf(key: Node, mapComment: string | null | undefined): string {
  const text = key.commentBefore ?? mapComment ?? '';
  return text
    .split('\n')
    .map((line) => line.trim())
    .join(' ')
    .trim();
}

function valuesOf(node: unknown, path: string, found: Value[]): void {
  if (!isMap(node)) return;
  for (const [index, { key, value }] of node.items.entries()) {
    if (!isScalar(key)) continue;
    const name = path === '' ? String(key.value) : `${path}.${key.value}`;
    const meaning = commentOf(key, index === 0 ? node.commentBefore : undefined);
    const inner = isMap(value) && value.items.length > 0;
    // Maps that users write themselves, such as labels, are shown whole.
    if (inner && !value.flow && !/(labels|resources|Labels)$/.test(name)) {
      if (meaning !== '') found.push({ path: name, fallback: '', meaning });
      valuesOf(value, name, found);
      continue;
    }
    const plain = (value as Node | null)?.toJSON() ?? null;
    found.push({ path: name, fallback: JSON.stringify(plain), meaning });
  }
}

/** Values of a chart in order, with their defaults and the comments above them. */
export function chartValues(valuesYaml: string): Value[] {
  const found: Value[] = [];
  valuesOf(parseDocument(valuesYaml).contents, '', found);
  return found;
}

/** `charts/osv-operator/README.md`: how to install it, and every value. */
export function chartReadme(valuesYaml: string): string {
  const rows = chartValues(valuesYaml).map(
    ({ path, fallback, meaning }) => `| \`${path}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${meaning} |`,
  );
  return `<!-- Generated from values.yaml by \`npm run generate\`; do not edit. -->
# osv-operator

The operator of OS^v: it builds images of unmodified Linux programs and runs them as unikernels on KubeVirt.

## Install

It needs Kubernetes 1.30 or newer with KubeVirt, and a registry to which it may push and from which nodes may pull.

\`\`\`sh
helm install osv charts/osv-operator -n osv-system --create-namespace --set registry.host=registry.example:5000
\`\`\`

With Prometheus and Grafana (kube-prometheus-stack in the namespace \`monitoring\`):

\`\`\`sh
helm upgrade osv charts/osv-operator -n osv-system --reuse-values \\
  --set prometheus.namespace=monitoring \\
  --set podMonitor.enabled=true,prometheusRule.enabled=true,dashboards.enabled=true
\`\`\`

## Upgrade and uninstall

\`helm upgrade\` brings the new definition of OsvApp too. \`helm uninstall\` leaves the definition and every OsvApp with its
guests, because deleting the definition would delete them all. Delete the OsvApps first if their guests shall end: the
operator does that, and without it they wait. Then \`kubectl delete crd osvapps.osvapp.dev\` removes the rest.

## Rights

The operator has no right to list or watch Secrets. With \`operator.namespaces\` it has rights in these namespaces and in its
own only, and no cluster-wide ones. Builders have no rights in the cluster at all and get no token.

## Values

| value | default | meaning |
|---|---|---|
${rows.join('\n')}
`;
}
