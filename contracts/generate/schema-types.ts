import { compile, type JSONSchema } from 'json-schema-to-typescript';

/** TypeScript types of a JSON schema; definitions keep their own names. */
export async function schemaTypes(schema: object, name: string, source: string): Promise<string> {
  return compile(schema as JSONSchema, name, {
    bannerComment: `// Generated from ${source} by \`npm run generate\`; do not edit.`,
    additionalProperties: false,
    ignoreMinAndMaxItems: true,
    style: { singleQuote: true, printWidth: 120 },
    format: true,
  });
}

/** TypeScript types of the schemas in an OpenAPI document's components. */
export async function openApiTypes(schemas: object, source: string): Promise<string> {
  const definitions = JSON.parse(
    JSON.stringify(schemas).replaceAll('#/components/schemas/', '#/definitions/'),
  ) as object;
  const properties = Object.fromEntries(
    Object.keys(definitions).map((name) => [name, { $ref: `#/definitions/${name}` }]),
  );
  const root = { type: 'object', additionalProperties: false, properties, definitions };
  return schemaTypes(root, 'ManagementApi', source);
}
