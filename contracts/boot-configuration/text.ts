import { Ajv, type ValidateFunction } from 'ajv';
import schema from '../boot-configuration.schema.json' with { type: 'json' };
import { ContractError } from '../error.ts';
import type { BootConfiguration } from '../types/boot-configuration.ts';

let validator: ValidateFunction | undefined;

/**
 * The text of boot.json for a configuration.
 *
 * @throws ContractError `boot-configuration` when the kernel would not accept it
 */
export function bootConfigurationText(configuration: BootConfiguration): string {
  validator ??= new Ajv({ allErrors: true }).compile(schema);
  if (!validator(configuration)) {
    const problems = validator.errors?.map((error) => `${error.instancePath || 'boot.json'} ${error.message}`) ?? [];
    throw new ContractError('boot-configuration', `The boot configuration is not valid: ${problems.join('; ')}`);
  }
  return `${JSON.stringify(configuration)}\n`;
}
