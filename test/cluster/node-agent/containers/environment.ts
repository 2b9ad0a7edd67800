import type { Pod } from '@osv/operator/kubernetes';
import { NodeAgentError } from '../error.ts';
import type { Container } from './container.ts';
import { podField } from './pod-fields.ts';
import type { Files, PodObjects } from './pod-objects.ts';

export interface EnvironmentOptions {
  pod: Readonly<Pod>;
  container: Container;
  podAddress: string;
  objects: PodObjects;
  /** NAME=VALUE, of the image. */
  imageVariables: readonly string[];
  /** Where pods find the API server. */
  apiServer: { host: string; port: string };
}

const pathDefault = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The variables of a container: the image's, the cluster's, then the pod's. Those of Services are left out: nothing of
 * their addresses is reached from here.
 *
 * @throws NodeAgentError not-found, unsupported
 */
export async function containerEnvironment(options: EnvironmentOptions): Promise<Record<string, string>> {
  const { pod, container, objects, apiServer } = options;
  const variables: Record<string, string> = { PATH: pathDefault, HOSTNAME: pod.metadata.name };
  for (const each of options.imageVariables) {
    const at = each.indexOf('=');
    if (at > 0) variables[each.slice(0, at)] = each.slice(at + 1);
  }
  variables.KUBERNETES_SERVICE_HOST = apiServer.host;
  variables.KUBERNETES_SERVICE_PORT = apiServer.port;
  variables.KUBERNETES_SERVICE_PORT_HTTPS = apiServer.port;
  for (const { prefix = '', configMapRef, secretRef } of container.envFrom ?? []) {
    const files = configMapRef
      ? await objects.configMap(configMapRef.name, configMapRef.optional)
      : await objects.secret(secretRef?.name, secretRef?.optional);
    for (const [key, value] of Object.entries(files)) variables[prefix + key] = value.toString();
  }
  for (const variable of container.env ?? []) {
    const value = await variableValue(variable, options);
    if (value !== undefined) variables[variable.name] = expand(value, variables);
  }
  return variables;
}

/** Replaces $(NAME) by a variable, and $$ by $; unknown ones stay (Kubernetes, "Define Dependent Environment Variables"). */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([A-Za-z_.-][\w.-]*)\)/g, (found, name?: string) =>
    name === undefined ? '$' : (variables[name] ?? found),
  );
}

async function variableValue(
  { name, value, valueFrom }: NonNullable<Container['env']>[number],
  { pod, podAddress, objects }: EnvironmentOptions,
): Promise<string | undefined> {
  if (!valueFrom) return value ?? '';
  const { fieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (fieldRef) return podField(pod, fieldRef.fieldPath, podAddress);
  const reference = configMapKeyRef ?? secretKeyRef;
  if (!reference) throw new NodeAgentError('unsupported', `The node agent cannot find the value of ${name}.`);
  const { name: source, key, optional } = reference;
  const files: Files = configMapKeyRef
    ? await objects.configMap(source, optional)
    : await objects.secret(source, optional);
  const found = files[key]?.toString();
  if (found === undefined && !optional)
    throw new NodeAgentError('not-found', `couldn't find key ${key} in ${pod.metadata.namespace}/${source}`);
  return found;
}
