import { get as getHttp } from 'node:http';
import { get as getHttps } from 'node:https';

export interface Expected {
  readonly signal: AbortSignal;
  /** PEM of the authority that the server's certificate comes from. */
  readonly authority?: string;
  /** Must occur in the body. */
  readonly text?: string;
}

/** Whether a URL answers with 200; for the readiness of processes. */
export function answers(url: string, { signal, authority, text = '' }: Expected): Promise<boolean> {
  const options = { signal, agent: false as const, ...(authority ? { ca: authority } : {}) };
  return new Promise((resolve, reject) => {
    const get = url.startsWith('https:') ? getHttps : getHttp;
    const request = get(url, options, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        body += part;
      });
      response.once('error', reject);
      response.once('end', () => resolve(response.statusCode === 200 && body.includes(text)));
    });
    request.once('error', reject);
  });
}
