/**
 * The part of Prometheus Operator's PodMonitor (monitoring.coreos.com/v1) that the product writes.
 * Source: its API reference, PodMonitorSpec and PodMetricsEndpoint.
 */
export interface PodMonitor {
  spec: {
    selector: { matchLabels?: { [key: string]: string } };
    namespaceSelector?: { matchNames?: string[]; any?: boolean };
    jobLabel?: string;
    podTargetLabels?: string[];
    podMetricsEndpoints: {
      port?: string;
      portNumber?: number;
      path?: string;
      scheme?: string;
      /** Such as 15s. */
      interval?: string;
      scrapeTimeout?: string;
      honorLabels?: boolean;
      relabelings?: RelabelConfig[];
      metricRelabelings?: RelabelConfig[];
    }[];
  };
}

export interface RelabelConfig {
  sourceLabels?: string[];
  separator?: string;
  targetLabel?: string;
  regex?: string;
  replacement?: string;
  action?: string;
}
