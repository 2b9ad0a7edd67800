import { managementPort } from '@osv/contracts';
import { metricsPortName } from '../labels.ts';
import type { AppSpec } from '../model.ts';

/**
 * A sentence for each thing that the API allows and the operator cannot do yet. To leave it out without a word would
 * give a program that runs without its data; so nothing is built or started until the spec asks for something else.
 */
export function unsupportedFields(spec: AppSpec): string[] {
  return [...sourceProblems(spec), ...portProblems(spec), ...(spec.volumes ?? []).flatMap(volumeProblem)];
}

function sourceProblems({ source, runtime }: AppSpec): string[] {
  const problems: string[] = [];
  if (runtime !== undefined && runtime !== 'none') {
    problems.push(
      `spec.runtime: ${runtime} cannot be put under a program yet; leave it out, and take a source that holds the runtime, such as spec.source.image.`,
    );
  }
  if (source.archive && !/^https?:\/\//i.test(source.archive.url)) {
    problems.push(
      'spec.source.archive.url: a build in a cluster sees no files of yours; give a URL that begins with http:// or https://.',
    );
  }
  return problems;
}

function portProblems({ ports }: AppSpec): string[] {
  const taken = (ports ?? []).some(({ name, port }) => name === metricsPortName && port !== managementPort);
  return taken
    ? [`spec.ports: ${metricsPortName} is the name of the kernel's management port; give the port another name.`]
    : [];
}

function volumeProblem(volume: NonNullable<AppSpec['volumes']>[number]): string[] {
  if (volume.emptyDir && volume.readOnly) {
    return [`spec.volumes: ${volume.name} is an emptyDir, which cannot be readOnly; leave out readOnly.`];
  }
  return [];
}
