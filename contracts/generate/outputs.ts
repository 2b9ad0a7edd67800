import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { monitoringOutputs } from '../../charts/dashboards/outputs.ts';
import { compatibilityJson, compatibilityPage, systemCallRows } from '../../scripts/generate-linux-compatibility.ts';
import bootConfiguration from '../boot-configuration.schema.json' with { type: 'json' };
import buildResult from '../build-result.schema.json' with { type: 'json' };
import controlChannel from '../control-channel.schema.json' with { type: 'json' };
import imageManifest from '../image-manifest.schema.json' with { type: 'json' };
import managementApi from '../management-api.json' with { type: 'json' };
import metricsSchema from '../metrics.schema.json' with { type: 'json' };
import { metricsTable } from '../metrics.ts';
import operatorMetricsSchema from '../operator-metrics.schema.json' with { type: 'json' };
import { operatorMetricsTable } from '../operator-metrics.ts';
import { strictSchema } from '../osvapp/schema.ts';
import { apiPage } from './api-page.ts';
import { chartReadme } from './chart-readme.ts';
import { metricNames } from './metric-names.ts';
import { metricsHeader } from './metrics-header.ts';
import { metricsPage } from './metrics-page.ts';
import { openApiTypes, schemaTypes } from './schema-types.ts';

/** A generated file: its path from the root of the repository, and what must stand in it. */
export interface Output {
  readonly path: string;
  render(): string | Promise<string>;
}

const chart = 'charts/osv-operator';

function readSource(path: string): Promise<string> {
  return readFile(join(import.meta.dirname, '../..', path), 'utf8');
}

/** Every generated file of the project. */
export const outputs: readonly Output[] = [
  {
    path: 'contracts/types/boot-configuration.ts',
    render: () => schemaTypes(bootConfiguration, 'BootConfiguration', 'contracts/boot-configuration.schema.json'),
  },
  {
    path: 'contracts/types/build-result.ts',
    render: () => schemaTypes(buildResult, 'BuildResult', 'contracts/build-result.schema.json'),
  },
  {
    path: 'contracts/types/control-channel.ts',
    render: () => schemaTypes(controlChannel, 'ControlChannel', 'contracts/control-channel.schema.json'),
  },
  {
    path: 'contracts/types/image-manifest.ts',
    render: () => schemaTypes(imageManifest, 'ImageManifest', 'contracts/image-manifest.schema.json'),
  },
  {
    path: 'contracts/types/management-api.ts',
    render: () => openApiTypes(managementApi.components.schemas, 'contracts/management-api.json'),
  },
  {
    path: 'contracts/types/metrics.ts',
    render: () => schemaTypes(metricsSchema, 'MetricsTable', 'contracts/metrics.schema.json'),
  },
  {
    path: 'contracts/types/operator-metrics.ts',
    render: () => schemaTypes(operatorMetricsSchema, 'OperatorMetricsTable', 'contracts/operator-metrics.schema.json'),
  },
  {
    path: 'contracts/types/metric-names.ts',
    render: () => metricNames(metricsTable().metrics, operatorMetricsTable().metrics),
  },
  { path: 'contracts/types/osvapp.ts', render: () => schemaTypes(strictSchema(), 'OsvApp', 'crds/osvapp.yaml') },
  { path: 'kernel/telemetry/metric_table.hh', render: () => metricsHeader(metricsTable()) },
  { path: 'docs/metrics.md', render: () => metricsPage(metricsTable()) },
  { path: 'docs/api/osvapp.md', render: apiPage },
  { path: 'docs/linux-compatibility/syscalls.json', render: () => compatibilityJson(systemCallRows()) },
  { path: 'docs/linux-compatibility/README.md', render: () => compatibilityPage(systemCallRows()) },
  ...monitoringOutputs,
  {
    path: `${chart}/files/crds/osvapp.yaml`,
    render: async () =>
      `# Copied from crds/osvapp.yaml by \`npm run generate\`; do not edit.\n${await readSource('crds/osvapp.yaml')}`,
  },
  { path: `${chart}/README.md`, render: async () => chartReadme(await readSource(`${chart}/values.yaml`)) },
];
