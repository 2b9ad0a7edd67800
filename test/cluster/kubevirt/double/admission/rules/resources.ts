import { Quantity } from '../../quantity.ts';
import type { Spec } from '../../types.ts';
import { type Causes, invalid, required } from '../cause.ts';

/** Smallest memory request. */
const memoryMin = Quantity.parse('1M');

function amounts({ domain }: Spec, resource: 'cpu' | 'memory') {
  const request = domain.resources?.requests?.[resource];
  const limit = domain.resources?.limits?.[resource];
  return { request: Quantity.of(request), limit: Quantity.of(limit) };
}

/** validateMemoryRequestsNegativeOrNull in vmi-create-admitter.go of KubeVirt. */
export function* memoryRequestIsPositive(path: string, spec: Spec): Causes {
  const { request } = amounts(spec, 'memory');
  const field = `${path}.domain.resources.requests.memory`;
  if (request.value < 0n) yield invalid(field, `${field} '${request}': it is negative`);
  else if (request.value > 0n && request.compare(memoryMin) < 0) {
    yield invalid(field, `${field} '${request}': it is less than 1M`);
  }
}

/** validateMemoryLimitsNegativeOrNull. */
export function* memoryLimitCoversRequest(path: string, spec: Spec): Causes {
  const { request, limit } = amounts(spec, 'memory');
  const limitField = `${path}.domain.resources.limits.memory`;
  const requestField = `${path}.domain.resources.requests.memory`;
  if (limit.value < 0n) yield invalid(limitField, `${limitField} '${limit}': it is negative`);
  if (limit.value > 0n && request.value > limit.value) {
    yield invalid(requestField, `${requestField} '${request}' exceeds ${limitField} '${limit}'`);
  }
}

/** validateHugepagesMemoryRequests. */
export function* memoryFillsHugepages(path: string, spec: Spec): Causes {
  const { hugepages, guest } = spec.domain.memory ?? {};
  if (!hugepages) return;
  const sizeField = `${path}.domain.memory.hugepages.pageSize`;
  const pageSize = hugepages.pageSize ?? '';
  if (!Quantity.isValid(pageSize)) {
    yield invalid(sizeField, `${sizeField} '${pageSize}': it is no quantity`);
    return;
  }
  const { request, limit } = amounts(spec, 'memory');
  const memory = request.value || Quantity.of(guest).value || limit.value;
  const page = Quantity.parse(pageSize).value;
  const field = `${path}.domain.resources.requests.memory`;
  if (memory !== 0n && memory < page) {
    yield invalid(field, `${field} '${request}' does not fill one page of ${sizeField} '${pageSize}'`);
  } else if (page === 0n || memory % page !== 0n) {
    yield invalid(field, `${field} '${request}' does not fill whole pages of ${sizeField} '${pageSize}'`);
  }
}

/** validateCPURequestNotNegative. */
export function* cpuRequestIsNotNegative(path: string, spec: Spec): Causes {
  const { request } = amounts(spec, 'cpu');
  const field = `${path}.domain.resources.requests.cpu`;
  if (request.milliValue < 0n) yield invalid(field, `${field} '${request}': it is negative`);
}

/** validateCPULimitNotNegative. */
export function* cpuLimitIsNotNegative(path: string, spec: Spec): Causes {
  const { limit } = amounts(spec, 'cpu');
  const field = `${path}.domain.resources.limits.cpu`;
  if (limit.milliValue < 0n) yield invalid(field, `${field} '${limit}': it is negative`);
}

/** validateCpuRequestDoesNotExceedLimit. */
export function* cpuLimitCoversRequest(path: string, spec: Spec): Causes {
  const { request, limit } = amounts(spec, 'cpu');
  const field = `${path}.domain.resources.requests.cpu`;
  if (limit.milliValue > 0n && request.milliValue > limit.milliValue) {
    yield invalid(field, `${field} '${request}' exceeds ${path}.domain.resources.limits.cpu '${limit}'`);
  }
}

/** ValidateVirtualMachineInstanceMandatoryFields: only for instances, whose defaults are filled in. */
export function* memoryIsGiven(path: string, spec: Spec): Causes {
  const { guest, hugepages } = spec.domain.memory ?? {};
  if (amounts(spec, 'memory').request.value !== 0n || guest !== undefined || hugepages) return;
  const choices = `${path}.domain.memory.guest, ${path}.domain.memory.hugepages.pageSize`;
  yield required('', `no memory is asked for; set ${choices} or ${path}.domain.resources.requests.memory`);
}
