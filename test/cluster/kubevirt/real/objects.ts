import { readFile } from 'node:fs/promises';
import type { KubernetesObject } from '@osv/operator/kubernetes';
import { parseAllDocuments } from 'yaml';

interface WebhookConfiguration extends KubernetesObject {
  webhooks: Webhook[];
}

interface Webhook {
  clientConfig: { service?: { path?: string }; url?: string; caBundle?: string };
  rules?: { resources?: string[] }[];
}

/**
 * KubeVirt's own definitions and webhook configurations, from JSON lines or YAML documents, with the webhooks turned to
 * where virt-api listens. Those for pods are left out: they look into launcher images.
 *
 * @param url of virt-api
 * @param authority PEM of who signed its certificate
 */
export async function readObjects(file: string, url: string, authority: string): Promise<KubernetesObject[]> {
  const text = await readFile(file, 'utf8');
  const objects = text.trimStart().startsWith('{')
    ? text
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as KubernetesObject)
    : parseAllDocuments(text).map((document) => document.toJS() as KubernetesObject);
  return objects.map((object) =>
    object.kind?.endsWith('WebhookConfiguration') ? pointed(object as WebhookConfiguration, url, authority) : object,
  );
}

function pointed(configuration: WebhookConfiguration, url: string, authority: string): WebhookConfiguration {
  const caBundle = Buffer.from(authority).toString('base64');
  const webhooks = configuration.webhooks
    .filter(({ rules = [] }) => !rules.some(({ resources = [] }) => resources.some((name) => name.startsWith('pods'))))
    .map((webhook) => ({
      ...webhook,
      clientConfig: { url: `${url}${webhook.clientConfig.service?.path ?? ''}`, caBundle },
    }));
  return { ...configuration, webhooks };
}
