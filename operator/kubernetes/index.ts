export type {
  ApiClient,
  ApplyOptions,
  DeleteOptions,
  ListOptions,
  ListPage,
  RawOptions,
  Selection,
  WatchEvent,
  WatchOptions,
} from './api-client.ts';
export { ApiError, isAlreadyExists, isConflict, isExpired, isNotFound } from './api-error.ts';
export type { ApiObserver, ApiRequestRecord } from './api-observer.ts';
export { type ApiClientOptions, type ConnectedApiClient, createApiClient } from './create-api-client.ts';
export { isServed } from './is-served.ts';
export { contextNames } from './kubeconfig.ts';
export {
  type KubernetesObject,
  keyOf,
  type ObjectMeta,
  type ObjectReference,
  type OwnerReference,
  referenceOf,
} from './object.ts';
export { apiVersionOf, type Resource, resourcePath, sameObject } from './resource.ts';
export * from './resources.ts';
