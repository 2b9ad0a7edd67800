import type { ConfigurationObject, LocalOsvApp } from '@osv/contracts';
import { LocalError } from '../errors.ts';

type Kind = ConfigurationObject['kind'];

/** On one machine the objects of an app are those of the files that were named; as in a cluster, of its namespace. */
function find(objects: ConfigurationObject[], app: LocalOsvApp, kind: Kind, name: string) {
  const namespaceOf = (namespace: string | undefined) => namespace ?? 'default';
  return objects.find(
    (object) =>
      object.kind === kind &&
      object.name === name &&
      namespaceOf(object.namespace) === namespaceOf(app.metadata.namespace),
  );
}

function absent(app: LocalOsvApp, kind: Kind, name: string, use: string): LocalError {
  const sentence = `The ${kind} ${name} is in none of the files; ${use} of ${app.metadata.name}`;
  return new LocalError('not-found', `${sentence} needs it. Put it beside the app, or name its file as well.`);
}

/**
 * The content of each file of a volume that shows a ConfigMap or Secret; undefined for other volumes.
 *
 * @throws LocalError not-found
 */
export function volumeFiles(
  volume: NonNullable<LocalOsvApp['spec']['volumes']>[number],
  app: LocalOsvApp,
  objects: ConfigurationObject[],
): Record<string, Buffer> | undefined {
  const kind = volume.secret ? 'Secret' : 'ConfigMap';
  const name = volume.secret?.secretName ?? volume.configMap?.name;
  if (name === undefined) return undefined;
  const object = find(objects, app, kind, name);
  if (!object) throw absent(app, kind, name, `the volume ${volume.name}`);
  return Object.fromEntries(object.data);
}

/**
 * The app with the values of its variables in the place of what they refer to; an optional one without a value is left
 * out, as in a pod.
 *
 * @throws LocalError not-found
 */
export function withVariables(app: LocalOsvApp, objects: ConfigurationObject[]): LocalOsvApp {
  if (!app.spec.env) return app;
  const env = app.spec.env.flatMap((variable) => {
    const { name, valueFrom } = variable;
    const reference = valueFrom?.secretKeyRef ?? valueFrom?.configMapKeyRef;
    if (!reference) return [variable];
    const kind = valueFrom?.secretKeyRef ? 'Secret' : 'ConfigMap';
    const object = find(objects, app, kind, reference.name);
    const value = object?.data.get(reference.key);
    if (value !== undefined) return [{ name, value: value.toString('utf8') }];
    if (reference.optional) return [];
    if (!object) throw absent(app, kind, reference.name, `the variable ${name}`);
    const sentence = `The ${kind} ${reference.name} has no key ${reference.key}, which the variable ${name} of ${app.metadata.name} takes its value from.`;
    throw new LocalError('not-found', sentence);
  });
  return { ...app, spec: { ...app.spec, env } };
}
