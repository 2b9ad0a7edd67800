import { type Resource, resources } from '@osv/operator/kubernetes';
import type { Machine } from '../../types.ts';

export const machines = resources.virtualMachines as Resource as Resource<Machine>;
