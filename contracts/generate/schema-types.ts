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
