import { readFile } from 'node:fs/promises';
import { type RequestOptions, request as requestHttps } from 'node:https';
import type { CertificateFiles } from '../certificates/cluster-certificates.ts';

export interface RequestInput {
  readonly method?: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  /** Path of the authority that the server must have been signed by. */
  readonly authorityFile: string;
  readonly client: CertificateFiles;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One HTTPS request with a client certificate, on a connection of its own; rejects only without an answer. */
export async function request(url: string, input: RequestInput): Promise<Answer> {
  const [ca, cert, key] = await Promise.all(
    [input.authorityFile, input.client.certificate, input.client.key].map((path) => readFile(path)),
  );
  const body = input.body === undefined ? undefined : JSON.stringify(input.body);
  const options: RequestOptions = {
    method: input.method ?? 'GET',
    ca,
    cert,
    key,
    agent: false,
    headers: body === undefined ? {} : { 'content-type': 'application/json' },
    ...(input.signal ? { signal: input.signal } : {}),
  };
  return new Promise((resolve, reject) => {
    const sent = requestHttps(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }));
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
