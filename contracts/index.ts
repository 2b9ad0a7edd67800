export {
  bootConfiguration,
  managementPort,
  mergeEnvironment,
  type ProgramRequest,
} from './boot-configuration/boot-configuration.ts';
export { bootConfigurationText } from './boot-configuration/text.ts';
export { ContractError } from './error.ts';
export { parseExposition, type Sample, sumOfSamples } from './exposition.ts';
export { systemCallName, systemCallNumber } from './linux-system-calls.ts';
export { defaultMemoryBytes, type ImageSize, mebibyte, minimumMemoryBytes } from './memory-size.ts';
export { metricsTable } from './metrics.ts';
export { operatorMetricsTable } from './operator-metrics.ts';
export type { ConfigurationObject } from './osvapp/configuration-object.ts';
export { type LocalOsvApp, noApp, parseAppDocuments, parseOsvApps } from './osvapp/parse.ts';
export { scrapeJobs } from './scrape.ts';
export type * from './types/boot-configuration.ts';
export type {
  BuildFailure,
  BuildResult,
  Compatibility,
  PublishedImage,
} from './types/build-result.ts';
export type * from './types/control-channel.ts';
export type * from './types/image-manifest.ts';
export type * from './types/management-api.ts';
export type * from './types/metric-names.ts';
export type * from './types/metrics.ts';
export type * from './types/operator-metrics.ts';
export type { OsvApp } from './types/osvapp.ts';
export { version } from './version.ts';
