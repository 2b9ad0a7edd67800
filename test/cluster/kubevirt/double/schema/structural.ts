import { corrections } from './corrections.ts';
import type { Definitions, JsonSchema } from './json-schema.ts';
import { intOrString, quantity, type StructuralSchema } from './structural-schema.ts';

/** Fields of these names hold a map of quantities; their descriptions don't say so. */
const quantityMaps = new Set(['limits', 'requests', 'capacity']);

/**
 * Turns the definition `name` and all that it refers to into one structural schema: references inlined, closed
 * objects opened (the API server prunes instead), enumerations left to admission as KubeVirt leaves them, and
 * quantities and int-or-strings, which TypeScript knows as strings, told by their descriptions.
 *
 * @throws Error when a definition refers to itself, which no structural schema can say
 */
export function structuralSchemaOf(name: string, definitions: Definitions): StructuralSchema {
  return new Inliner(definitions).definition(name);
}

class Inliner {
  readonly #definitions: Definitions;
  readonly #open: string[] = [];

  constructor(definitions: Definitions) {
    this.#definitions = definitions;
  }

  definition(name: string): StructuralSchema {
    const schema = this.#definitions[name];
    if (!schema) throw new Error(`There is no type ${name} among the generated definitions.`);
    if (this.#open.includes(name)) throw new Error(`Type ${name} contains itself (${this.#open.join(' → ')}).`);
    this.#open.push(name);
    const structural = this.#convert(schema);
    this.#open.pop();
    return corrected(name, structural);
  }

  #convert(schema: JsonSchema, property = ''): StructuralSchema {
    if (schema.$ref) return this.definition(decodeURIComponent(schema.$ref.replace('#/definitions/', '')));
    if (schema.type === 'number') return { type: 'integer' };
    if (schema.type === 'string') return stringSchema(schema);
    if (schema.type === 'array') return { type: 'array', items: this.#convert(schema.items ?? {}) };
    if (schema.type !== 'object') return schema.type ? { type: schema.type } : { type: 'object' };
    if (typeof schema.additionalProperties === 'object') {
      const values = quantityMaps.has(property) ? quantity : this.#convert(schema.additionalProperties);
      return { type: 'object', additionalProperties: values };
    }
    return { type: 'object', ...this.#properties(schema) };
  }

  #properties({ properties, required }: JsonSchema): StructuralSchema {
    if (!properties) return {};
    const entries = Object.entries(properties).map(([name, schema]) => [name, this.#convert(schema, name)]);
    return { properties: Object.fromEntries(entries), ...(required?.length ? { required } : {}) };
  }
}

function stringSchema({ description = '' }: JsonSchema): StructuralSchema {
  if (description.startsWith('Quantity is ')) return quantity;
  if (description.startsWith('IntOrString is ')) return intOrString;
  return { type: 'string' };
}

/** What the TypeScript types lack or say otherwise than KubeVirt's own schemas. */
function corrected(name: string, schema: StructuralSchema): StructuralSchema {
  const correction = corrections[name];
  if (!correction) return schema;
  if (correction.instead) return correction.instead;
  const properties = { ...schema.properties, ...correction.add };
  for (const property of correction.remove ?? []) delete properties[property];
  for (const [property, keywords] of Object.entries(correction.amend ?? {})) {
    const present = properties[property];
    if (!present) throw new Error(`Type ${name} has no field ${property} any more that could be corrected.`);
    properties[property] = { ...present, ...keywords };
  }
  const required = [...(schema.required ?? []), ...(correction.require ?? [])];
  return { ...schema, ...correction.self, properties, ...(required.length ? { required } : {}) };
}
