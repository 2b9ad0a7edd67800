// Generated from crds/osvapp.yaml by `npm run generate`; do not edit.

/**
 * A Linux program, run unmodified as a unikernel
 */
export interface OsvApp {
  apiVersion: 'osvapp.dev/v1alpha1';
  kind: 'OsvApp';
  metadata: {
    name: string;
    namespace?: string;
    labels?: {
      [k: string]: string;
    };
    annotations?: {
      [k: string]: string;
    };
  };
  spec: {
    /**
     * Where the program comes from; exactly one of its fields
     */
    source: {
      /**
       * Any OCI image; its file system, entry point, environment, user and working directory
       */
      image?: {
        reference: string;
      };
      /**
       * A zip, tar.gz or jar
       */
      archive?: {
        url: string;
        sha256?: string;
      };
      /**
       * Debian packages with the packages that they depend on
       */
      packages?: {
        /**
         * @minItems 1
         * @maxItems 64
         */
        names: string[];
      };
    };
    /**
     * A base under an archive
     */
    runtime?: 'none' | 'java-17' | 'node' | 'python';
    /**
     * Program and leading arguments; the image's entry point without it
     *
     * @maxItems 1024
     */
    command?: string[];
    /**
     * Arguments after the command
     *
     * @maxItems 1024
     */
    args?: string[];
    workingDirectory?: string;
    /**
     * @maxItems 1024
     */
    env?: {
      name: string;
      value?: string;
      valueFrom?: {
        secretKeyRef?: {
          name: string;
          key: string;
          optional?: boolean;
        };
        configMapKeyRef?: {
          name: string;
          key: string;
          optional?: boolean;
        };
      };
    }[];
    resources?: {
      /**
       * Virtual CPUs
       */
      cpus?: number;
      /**
       * Memory of one instance, such as 64Mi
       */
      memory?: string;
    };
    /**
     * Ports that the program listens on; each makes a Service port
     *
     * @maxItems 128
     */
    ports?: {
      name?: string;
      port: number;
      protocol?: 'TCP' | 'UDP';
    }[];
    replicas?: number;
    strategy?: {
      type?: 'RollingUpdate' | 'Recreate';
      /**
       * A number of instances, or a percentage
       */
      maxSurge?: number | string;
      /**
       * A number of instances, or a percentage
       */
      maxUnavailable?: number | string;
    };
    /**
     * @maxItems 16
     */
    volumes?: {
      name: string;
      mountPath: string;
      readOnly?: boolean;
      /**
       * A volume of its own for each replica
       */
      size?: string;
      persistentVolumeClaim?: {
        claimName: string;
      };
      configMap?: {
        name: string;
      };
      secret?: {
        secretName: string;
      };
      emptyDir?: {
        sizeLimit?: string;
      };
    }[];
    readinessProbe?: {
      tcpSocket?: {
        port: number;
      };
      httpGet?: {
        path?: string;
        port: number;
        scheme?: 'HTTP' | 'HTTPS';
      };
      initialDelaySeconds?: number;
      periodSeconds?: number;
      timeoutSeconds?: number;
      successThreshold?: number;
      failureThreshold?: number;
    };
    livenessProbe?: {
      tcpSocket?: {
        port: number;
      };
      httpGet?: {
        path?: string;
        port: number;
        scheme?: 'HTTP' | 'HTTPS';
      };
      initialDelaySeconds?: number;
      periodSeconds?: number;
      timeoutSeconds?: number;
      successThreshold?: number;
      failureThreshold?: number;
    };
    kernel?: {
      /**
       * Tracepoints that are enabled from the start
       *
       * @maxItems 256
       */
      tracepoints?: string[];
      /**
       * Words for the kernel's command line
       *
       * @maxItems 64
       */
      arguments?: string[];
    };
    metrics?: {
      /**
       * How often Prometheus reads
       */
      interval?: string;
    };
    /**
     * Placement, as in a pod's spec
     */
    scheduling?: {
      nodeSelector?: {
        [k: string]: string;
      };
      tolerations?: {
        key?: string;
        operator?: 'Exists' | 'Equal';
        value?: string;
        effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
        tolerationSeconds?: number;
      }[];
      affinity?: {};
      topologySpreadConstraints?: {}[];
      priorityClassName?: string;
    };
    terminationGracePeriodSeconds?: number;
    paused?: boolean;
    revisionHistoryLimit?: number;
  };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    readyReplicas?: number;
    updatedReplicas?: number;
    selector?: string;
    image?: {
      /**
       * By digest
       */
      reference?: string;
      sizeBytes?: number;
      kernelVersion?: string;
      sbom?: string;
    };
    conditions?: {
      type: string;
      status: 'True' | 'False' | 'Unknown';
      observedGeneration?: number;
      reason: string;
      message: string;
      lastTransitionTime: string;
    }[];
    /**
     * @maxItems 100
     */
    instances?: {
      name: string;
      node?: string;
      address?: string;
      phase?: string;
      bootMilliseconds?: number;
      restarts?: number;
      lastTermination?: {
        exitCode?: number;
        signal?: number;
        reason?: string;
        message?: string;
        finishedAt?: string;
      };
    }[];
  };
}
