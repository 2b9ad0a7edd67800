import type { Rule, Schema } from '../osvapp/schema.ts';

/** Text for a cell of a Markdown table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function code(text: string): string {
  return `\`${cell(text)}\``;
}

function isObject(schema: Schema): boolean {
  return schema.properties !== undefined;
}

/** A field's type in words; those with fields of their own lead to their section. */
function typeOf(schema: Schema, path: string): string {
  if (schema['x-kubernetes-int-or-string']) return 'integer or string';
  if (schema.type === 'array' && schema.items) {
    return isObject(schema.items) ? `list of [objects](#${anchor(`${path}[]`)})` : `list of ${schema.items.type}s`;
  }
  if (isObject(schema)) return `[object](#${anchor(path)})`;
  if (typeof schema.additionalProperties === 'object') return `map of ${schema.additionalProperties.type}s`;
  return schema.type ?? 'any';
}

/** As GitHub makes it of a heading that is a path. */
function anchor(path: string): string {
  return path.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** What the API server accepts, beside the type. */
function limitsOf(schema: Schema): string {
  const limits: string[] = [];
  if (Array.isArray(schema.enum)) limits.push(schema.enum.map((value) => code(String(value))).join(', '));
  const range = (low: unknown, high: unknown, unit: string) => {
    if (low !== undefined && high !== undefined) limits.push(`${low} to ${high}${unit}`);
    else if (low !== undefined) limits.push(`at least ${low}${unit}`);
    else if (high !== undefined) limits.push(`at most ${high}${unit}`);
  };
  range(schema.minimum, schema.maximum, '');
  range(schema.minItems, schema.maxItems, ' items');
  if (schema.minLength === 1 && schema.maxLength === undefined) limits.push('not empty');
  else range(schema.minLength, schema.maxLength, ' characters');
  if (typeof schema.pattern === 'string') limits.push(code(schema.pattern));
  const items = schema.items && !isObject(schema.items) ? limitsOf(schema.items) : '';
  if (items !== '') limits.push(`each ${items}`);
  return limits.join('; ');
}

function rulesOf(schema: Schema): string[] {
  return ((schema['x-kubernetes-validations'] ?? []) as Rule[]).map(({ message }) => message);
}

function table(schema: Schema, path: string): string {
  const rows = Object.entries(schema.properties ?? {}).map(([name, field]) => {
    const required = schema.required?.includes(name) ? ' (required)' : '';
    const meaning = cell(String(field.description ?? ''));
    return `| \`${name}\`${required} | ${typeOf(field, `${path}.${name}`)} | ${meaning} | ${limitsOf(field)} |`;
  });
  return ['| field | type | meaning | limits |', '|---|---|---|---|', ...rows].join('\n');
}

/**
 * Sections for an object of the API and for every object in it. Where the definition uses one schema twice, by an anchor
 * of YAML, the second place leads to the first.
 *
 * @param path what the object is called, such as `spec`
 */
export function fieldSections(schema: Schema, path: string, seen = new Map<Schema, string>()): string[] {
  const heading = `### ${path}`;
  const first = seen.get(schema);
  if (first !== undefined) return [`${heading}\n\nThe same fields as [${first}](#${anchor(first)}).`];
  seen.set(schema, path);
  const rules = [...rulesOf(schema), ...Object.values(schema.properties ?? {}).flatMap(listRules)];
  const refused =
    rules.length > 0 ? [`The API server holds it to this:\n\n${rules.map((rule) => `- ${rule}`).join('\n')}`] : [];
  const own = [heading, `${String(schema.description ?? '')}.`, table(schema, path), ...refused];
  const inner = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    if (isObject(field)) return fieldSections(field, `${path}.${name}`, seen);
    if (!field.items || !isObject(field.items)) return [];
    const items = { ...field.items, description: field.items.description ?? field.description };
    return fieldSections(items, `${path}.${name}[]`, seen);
  });
  return [own.filter((part) => part !== '.').join('\n\n'), ...inner];
}

/** Rules about a whole list stand at the object that has it. */
function listRules(field: Schema): string[] {
  return field.items ? rulesOf(field) : [];
}
