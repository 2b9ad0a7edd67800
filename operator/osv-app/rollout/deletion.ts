import { resources } from '../../kubernetes/index.ts';
import type { Action, Observed } from '../model.ts';

/** Deletes an object of the app, and no other that has taken its name. */
export function deletion(
  { metadata: { namespace } }: Observed['app'],
  resource: Extract<Action, { type: 'delete' }>['resource'],
  { name, uid }: { readonly name: string; readonly uid: string },
): Action {
  return { type: 'delete', resource, reference: { name, ...(namespace ? { namespace } : {}) }, uid };
}

export function removeMachines({ app, machines }: Observed): Action[] {
  return machines.filter(({ leaving }) => !leaving).map((machine) => deletion(app, resources.virtualMachines, machine));
}
