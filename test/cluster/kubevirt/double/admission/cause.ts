/**
 * One reason for which an object is refused: `StatusCause` of the Kubernetes API. `field` is a path such as
 * `spec.domain.devices.disks[0].name`.
 */
export interface Cause {
  reason:
    | 'FieldValueInvalid'
    | 'FieldValueRequired'
    | 'FieldValueNotSupported'
    | 'FieldValueDuplicate'
    | 'FieldValueNotFound'
    | 'FieldValueForbidden';
  message: string;
  field: string;
}

export type Causes = Iterable<Cause>;

/** Words for the causes of a rule, so that rules read as sentences. */
export function invalid(field: string, message: string): Cause {
  return { reason: 'FieldValueInvalid', message, field };
}

export function required(field: string, message: string): Cause {
  return { reason: 'FieldValueRequired', message, field };
}

export function notSupported(field: string, message: string): Cause {
  return { reason: 'FieldValueNotSupported', message, field };
}

export function duplicate(field: string, message: string): Cause {
  return { reason: 'FieldValueDuplicate', message, field };
}
