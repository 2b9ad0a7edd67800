import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { KubeVirtHalf } from '../../cluster/kubevirt/start.ts';

type Facts = Record<string, unknown>;

/**
 * What KubeVirt's own programs did, in JSON files of `observed/`, by name of the case. The double has to do the same; the
 * real programs too, unless they are being recorded (OSV_RECORD_KUBEVIRT=1 with KUBEVIRT_BIN_DIR).
 */
export class Observed {
  readonly #file: string;
  #facts: Facts | undefined;

  constructor(name: 'admission' | 'pods' | 'stories') {
    this.#file = join(import.meta.dirname, 'observed', `${name}.json`);
  }

  async expectAs(half: KubeVirtHalf, name: string, value: unknown): Promise<void> {
    const facts = await this.#read();
    const plain = JSON.parse(JSON.stringify(value)) as unknown;
    if (half === 'real' && process.env.OSV_RECORD_KUBEVIRT === '1') {
      facts[name] = plain;
      await writeFile(this.#file, `${JSON.stringify(facts, null, 2)}\n`);
      return;
    }
    if (!(name in facts)) throw new Error(`Nothing is recorded of "${name}"; OSV_RECORD_KUBEVIRT=1 records it.`);
    expect(known(plain, facts[name])).toEqual(facts[name]);
  }

  async #read(): Promise<Facts> {
    this.#facts ??= JSON.parse(await readFile(this.#file, 'utf8').catch(() => '{}')) as Facts;
    return this.#facts;
  }
}

/**
 * KubeVirt looks at an object's schema in its webhooks, before the API server does, and then tells no fields. That the
 * object is refused is what can be compared.
 */
function known(value: unknown, recorded: unknown): unknown {
  const isBySchema = isRefusal(recorded) && recorded.causes === undefined;
  return isBySchema && isRefusal(value) ? { refused: true } : value;
}

function isRefusal(value: unknown): value is { refused: true; causes?: string[] } {
  return typeof value === 'object' && value !== null && 'refused' in value;
}
