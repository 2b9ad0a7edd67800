import { ThresholdsConfigBuilder, ThresholdsMode } from '@grafana/grafana-foundation-sdk/dashboard';

/** From which value on a panel turns yellow and red; or, for values that should be high, below which. */
export interface ThresholdSteps {
  readonly warning?: number;
  readonly critical: number;
  readonly lowIsBad?: boolean;
}

export function thresholds({ warning, critical, lowIsBad }: ThresholdSteps): ThresholdsConfigBuilder {
  const steps = lowIsBad
    ? [
        { value: null, color: 'red' },
        ...(warning === undefined ? [] : [{ value: critical, color: 'yellow' }]),
        { value: warning ?? critical, color: 'green' },
      ]
    : [
        { value: null, color: 'green' },
        ...(warning === undefined ? [] : [{ value: warning, color: 'yellow' }]),
        { value: critical, color: 'red' },
      ];
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps);
}
