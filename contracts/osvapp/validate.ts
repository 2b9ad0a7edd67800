import { evaluate } from '@marcbachmann/cel-js';
import { Ajv, type ErrorObject, type FuncKeywordDefinition, type ValidateFunction } from 'ajv';
import {
  type ConfigurationObject,
  configurationKind,
  configurationProblems,
  configurationSchema,
} from './configuration-object.ts';
import { nearest } from './did-you-mean.ts';
import { localSchema, type Rule, type Schema } from './schema.ts';

/** Something wrong in a document: the path of the field, and a sentence about it that begins with that path. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly sentence: string;
}

const exactlyOneOf: FuncKeywordDefinition = {
  keyword: 'exactlyOneOf',
  type: 'object',
  schemaType: 'array',
  validate: (fields: string[], value: object) => fields.filter((field) => field in value).length === 1,
  errors: false,
};

/** A rule that cannot be evaluated speaks of fields that are missing or of another type, which is said elsewhere. */
function holds(rule: string, self: unknown): boolean {
  try {
    return evaluate(rule, { self }) === true;
  } catch {
    return true;
  }
}

/** Rules of CEL are held to here as by the API server, so that a file is refused with the same words in both places. */
const rules: FuncKeywordDefinition = {
  keyword: 'rules',
  errors: 'full',
  validate: function check(list: Rule[], value: unknown) {
    const broken = list.filter(({ rule }) => !holds(rule, value));
    (check as { errors?: object[] }).errors = broken.map(({ message }) => ({ keyword: 'rules', message, params: {} }));
    return broken.length === 0;
  },
};

type Kind = 'OsvApp' | ConfigurationObject['kind'];

const compiled = new Map<Kind, ValidateFunction>();

function validator(kind: Kind): ValidateFunction {
  const known = compiled.get(kind);
  if (known) return known;
  const formats = { int64: true, 'date-time': true } as const;
  const ajv = new Ajv({ allErrors: true, verbose: true, strictTypes: false, formats });
  ajv.addKeyword(exactlyOneOf);
  ajv.addKeyword(rules);
  const made = ajv.compile(kind === 'OsvApp' ? localSchema() : configurationSchema(kind));
  compiled.set(kind, made);
  return made;
}

function pathOf(error: ErrorObject): (string | number)[] {
  return error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** `['spec', 'ports', 0, 'port']` → `spec.ports[0].port` */
export function showPath(path: readonly (string | number)[]): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
}

function list(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

const examples: Record<string, string> = {
  interval: 'such as 15s',
  sha256: '64 hexadecimal digits',
  mountPath: 'an absolute path',
  workingDirectory: 'an absolute path',
};

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function article(type: string): string {
  return type === 'object'
    ? 'a map'
    : type === 'array'
      ? 'a list'
      : type === 'integer'
        ? 'a whole number'
        : `a ${type}`;
}

function problemOf(error: ErrorObject): Problem {
  const path = pathOf(error);
  const at = showPath(path) || 'the document';
  const parameters = error.params as Record<string, unknown>;
  const parent = error.parentSchema as Schema | undefined;
  const say = (sentence: string, where = path): Problem => ({ path: where, sentence });
  switch (error.keyword) {
    case 'additionalProperties': {
      const field = String(parameters.additionalProperty);
      const known = Object.keys(parent?.properties ?? {});
      const guess = nearest(field, known);
      const hint = guess ? `did you mean ${guess}?` : `known here: ${known.join(', ')}`;
      return say(`${showPath([...path, field])} is not a known field; ${hint}`, [...path, field]);
    }
    case 'required':
      return say(`${showPath([...path, String(parameters.missingProperty)])} is missing`);
    case 'type':
      return say(`${at} must be ${article(String(parameters.type))}, not ${shown(error.data)}`);
    case 'enum': {
      const allowed = (parameters.allowedValues as unknown[]).map(String);
      const guess = typeof error.data === 'string' ? nearest(error.data, allowed) : undefined;
      const hint = guess && allowed.length > 1 ? `; did you mean ${guess}?` : '';
      return say(
        `${at} must be ${allowed.length > 1 ? `one of ${allowed.join(', ')}` : allowed[0]}, not ${shown(error.data)}${hint}`,
      );
    }
    case 'exactlyOneOf': {
      const fields = error.schema as string[];
      const present = fields.filter((field) => field in (error.data as object));
      const got = present.length === 0 ? 'it has none' : `it has ${list(present)}`;
      return say(`${at} needs exactly one of ${list(fields)}; ${got}`);
    }
    case 'pattern': {
      const example = examples[String(path.at(-1))];
      return say(
        `${at} cannot be ${shown(error.data)}${example ? `; write it ${example}` : ` (it must match ${String(parameters.pattern)})`}`,
      );
    }
    case 'rules': {
      const message = error.message ?? 'it is not valid';
      // The API server puts path and value before the words of a rule.
      return say(typeof error.data === 'string' ? `${at} cannot be ${shown(error.data)}; ${message}` : message);
    }
    case 'minimum':
    case 'maximum':
      return say(
        `${at} must be ${error.keyword === 'minimum' ? 'at least' : 'at most'} ${String(parameters.limit)}, not ${shown(error.data)}`,
      );
    default:
      return say(`${at} ${error.message ?? 'is not valid'}`);
  }
}

/**
 * Everything wrong in a parsed document, in the order of the schema; empty when it is a valid ConfigMap or Secret, or a
 * valid OsvApp, which every document of another kind is held to be.
 */
export function documentProblems(document: unknown): Problem[] {
  const configuration = configurationKind(document);
  const validate = validator(configuration ?? 'OsvApp');
  if (validate(document)) return configuration ? configurationProblems(document) : [];
  const errors = validate.errors ?? [];
  // What an object of another kind lacks of an OsvApp helps nobody.
  const otherKind = errors.find(({ instancePath }) => instancePath === '/kind');
  if (otherKind) return [problemOf(otherKind)];
  // A misspelt source is one mistake, not two: the unknown field says it all.
  const unknown = new Set(
    errors.filter((error) => error.keyword === 'additionalProperties').map((error) => error.instancePath),
  );
  return errors
    .filter((error) => !(error.keyword === 'exactlyOneOf' && unknown.has(error.instancePath)))
    .filter((error) => error.keyword !== 'anyOf')
    .map(problemOf);
}
