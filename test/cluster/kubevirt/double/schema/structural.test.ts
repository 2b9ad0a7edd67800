import { describe, expect, test } from 'vitest';
import { customResourceDefinitions } from './definitions.ts';
import { structuralSchemaOf } from './structural.ts';

describe('a definition becomes a structural schema', () => {
  test('with quantities, integers and the corrections of the types', () => {
    const definitions = {
      A: {
        type: 'object',
        properties: {
          size: { type: 'string', description: 'Quantity is a number with a suffix.' },
          count: { type: 'number' },
          limits: { type: 'object', additionalProperties: { type: 'string' } },
          action: { $ref: '#/definitions/K8sIoApiCoreV1TCPSocketAction' },
        },
        required: ['count'],
        additionalProperties: false,
      },
      K8sIoApiCoreV1TCPSocketAction: { type: 'object', properties: { host: { type: 'string' } } },
    };
    expect(structuralSchemaOf('A', definitions)).toMatchObject({
      type: 'object',
      required: ['count'],
      properties: {
        size: { 'x-kubernetes-int-or-string': true },
        count: { type: 'integer' },
        limits: { additionalProperties: { 'x-kubernetes-int-or-string': true } },
        action: { required: ['port'], properties: { port: { 'x-kubernetes-int-or-string': true } } },
      },
    });
  });

  test('unless it contains itself', () => {
    const definitions = { A: { type: 'object', properties: { again: { $ref: '#/definitions/A' } } } };
    expect(() => structuralSchemaOf('A', definitions)).toThrow(/contains itself/);
  });
});

test("the kinds' definitions have what KubeVirt's have", async () => {
  const [instance, set, machine] = await customResourceDefinitions();
  expect(instance?.spec.versions[0]?.subresources).toBeUndefined();
  expect(set?.spec.versions[0]?.subresources).toHaveProperty('scale');
  expect(machine?.spec.versions[0]?.subresources).toEqual({ status: {} });
  expect(JSON.stringify(instance)).not.toContain('$ref');
});
