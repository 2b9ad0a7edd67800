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
  /**
   * What is wanted
   */
  spec: {
    /**
     * Where the program comes from; exactly one of its fields
     */
    source: {
      /**
       * Any OCI image; its file system, entry point, environment, user and working directory
       */
      image?: {
        /**
         * Such as registry.example/redis:7; a tag is looked up once, when the source changes
         */
        reference: string;
      };
      /**
       * A zip, tar.gz or jar
       */
      archive?: {
        /**
         * Where the archive is: http, https; on one machine also a path from the file's folder
         */
        url: string;
        /**
         * Digest of the archive, in hexadecimal; another one is refused
         */
        sha256?: string;
      };
      /**
       * Debian packages with the packages that they depend on
       */
      packages?: {
        /**
         * Names as apt knows them, such as redis-server
         *
         * @minItems 1
         * @maxItems 64
         */
        names: string[];
      };
    };
    /**
     * A base under an archive; `none` is the only one there is yet, the others are refused with the reason Unsupported
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
    /**
     * Folder in which the program starts; the image's without it
     */
    workingDirectory?: string;
    /**
     * Environment variables, over those of the image
     *
     * @maxItems 1024
     */
    env?: {
      /**
       * Name of the variable
       */
      name: string;
      /**
       * Its value; empty without one
       */
      value?: string;
      /**
       * Takes the value from an object of the app's namespace; a change of it rolls the instances
       */
      valueFrom?: {
        /**
         * A key of a Secret or ConfigMap
         */
        secretKeyRef?: {
          /**
           * Name of the object
           */
          name: string;
          /**
           * Key in its data
           */
          key: string;
          /**
           * Leaves the variable out where object or key do not exist, instead of not starting
           */
          optional?: boolean;
        };
        /**
         * A key of a Secret or ConfigMap
         */
        configMapKeyRef?: {
          /**
           * Name of the object
           */
          name: string;
          /**
           * Key in its data
           */
          key: string;
          /**
           * Leaves the variable out where object or key do not exist, instead of not starting
           */
          optional?: boolean;
        };
      };
    }[];
    /**
     * What one instance gets
     */
    resources?: {
      /**
       * Virtual CPUs; 1 without it
       */
      cpus?: number;
      /**
       * Memory of one instance, such as 64Mi; as much as the image asks for without it
       */
      memory?: string;
    };
    /**
     * Ports that the program listens on; each makes a Service port, and no other port is reached from outside
     *
     * @maxItems 128
     */
    ports?: {
      /**
       * Name of the Service port
       */
      name?: string;
      /**
       * Number of the port, in the guest and at the Service
       */
      port: number;
      /**
       * TCP without it
       */
      protocol?: 'TCP' | 'UDP';
    }[];
    /**
     * Number of instances; leave it out where an autoscaler sets it
     */
    replicas?: number;
    /**
     * How a new revision takes the place of the old one
     */
    strategy?: {
      /**
       * RollingUpdate, which is the default: some at a time; Recreate: the old ones end first
       */
      type?: 'RollingUpdate' | 'Recreate';
      /**
       * A number of instances, or a percentage of the replicas; 25% without it
       */
      maxSurge?: number | string;
      /**
       * A number of instances, or a percentage of the replicas; 25% without it
       */
      maxUnavailable?: number | string;
    };
    /**
     * Folders that come from elsewhere than the image
     *
     * @maxItems 16
     */
    volumes?: {
      /**
       * Name of the volume
       */
      name: string;
      /**
       * Folder in the guest where it appears
       */
      mountPath: string;
      /**
       * Refuses writes; ConfigMaps and Secrets always do, an emptyDir cannot
       */
      readOnly?: boolean;
      /**
       * A volume of its own for each replica, such as 10Gi, empty at first; its claim is kept when the instance goes, and when the app does
       */
      size?: string;
      /**
       * StorageClass of the claims of a volume with a size; the cluster's default without it
       */
      storageClassName?: string;
      /**
       * A claim of the app's namespace, as the disk of the one instance; of several, where it is readOnly
       */
      persistentVolumeClaim?: {
        /**
         * Name of the claim
         */
        claimName: string;
      };
      /**
       * The keys of a ConfigMap as files; a change of it rolls the instances
       */
      configMap?: {
        /**
         * Name of the ConfigMap
         */
        name: string;
      };
      /**
       * The keys of a Secret as files; a change of it rolls the instances
       */
      secret?: {
        /**
         * Name of the Secret
         */
        secretName: string;
      };
      /**
       * Memory of the instance, empty at its start
       */
      emptyDir?: {
        /**
         * How much of it may be used, such as 64Mi
         */
        sizeLimit?: string;
      };
    }[];
    /**
     * When an instance gets requests, and when it has failed; asked from outside the guest
     */
    readinessProbe?: {
      /**
       * Ready when it accepts a connection
       */
      tcpSocket?: {
        /**
         * Port of the guest
         */
        port: number;
      };
      /**
       * Ready when it answers with a status from 200 to 399
       */
      httpGet?: {
        /**
         * Path of the request; / without it
         */
        path?: string;
        /**
         * Port of the guest
         */
        port: number;
        /**
         * HTTP without it; a certificate is not checked
         */
        scheme?: 'HTTP' | 'HTTPS';
      };
      /**
       * Seconds from the start to the first question
       */
      initialDelaySeconds?: number;
      /**
       * Seconds between questions; 10 without it
       */
      periodSeconds?: number;
      /**
       * Seconds to wait for an answer; 1 without it
       */
      timeoutSeconds?: number;
      /**
       * Answers in a row that make it ready
       */
      successThreshold?: number;
      /**
       * Failures in a row that make it unready, or end it; 3 without it
       */
      failureThreshold?: number;
    };
    /**
     * When an instance gets requests, and when it has failed; asked from outside the guest
     */
    livenessProbe?: {
      /**
       * Ready when it accepts a connection
       */
      tcpSocket?: {
        /**
         * Port of the guest
         */
        port: number;
      };
      /**
       * Ready when it answers with a status from 200 to 399
       */
      httpGet?: {
        /**
         * Path of the request; / without it
         */
        path?: string;
        /**
         * Port of the guest
         */
        port: number;
        /**
         * HTTP without it; a certificate is not checked
         */
        scheme?: 'HTTP' | 'HTTPS';
      };
      /**
       * Seconds from the start to the first question
       */
      initialDelaySeconds?: number;
      /**
       * Seconds between questions; 10 without it
       */
      periodSeconds?: number;
      /**
       * Seconds to wait for an answer; 1 without it
       */
      timeoutSeconds?: number;
      /**
       * Answers in a row that make it ready
       */
      successThreshold?: number;
      /**
       * Failures in a row that make it unready, or end it; 3 without it
       */
      failureThreshold?: number;
    };
    /**
     * Settings of the kernel
     */
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
    /**
     * How Prometheus reads the instances
     */
    metrics?: {
      /**
       * How often Prometheus reads; as often as it does by default without it
       */
      interval?: string;
    };
    /**
     * Placement, as in a pod's spec
     */
    scheduling?: {
      /**
       * Labels that a node must have
       */
      nodeSelector?: {
        [k: string]: string;
      };
      /**
       * Taints of nodes that do not keep instances away
       */
      tolerations?: {
        /**
         * Key of the taint; all of them without it
         */
        key?: string;
        /**
         * Equal without it
         */
        operator?: 'Exists' | 'Equal';
        /**
         * Value of the taint, with Equal
         */
        value?: string;
        /**
         * Effect of the taint; all of them without it
         */
        effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
        /**
         * How long a NoExecute taint is borne
         */
        tolerationSeconds?: number;
      }[];
      /**
       * Affinity and anti-affinity of a pod's spec
       */
      affinity?: {};
      /**
       * As in a pod's spec
       */
      topologySpreadConstraints?: {}[];
      /**
       * Name of a PriorityClass
       */
      priorityClassName?: string;
    };
    /**
     * Seconds between SIGTERM and the end by force; 30 without it
     */
    terminationGracePeriodSeconds?: number;
    /**
     * Seconds that an instance goes on serving after it was told to end, while Services forget it; 5 without it where there are ports
     */
    drainSeconds?: number;
    /**
     * Holds rollouts; what runs goes on
     */
    paused?: boolean;
    /**
     * Another time starts every instance again, as a rollout; `osv rollout restart` writes it
     */
    restartedAt?: string;
    /**
     * Old revisions that are kept for a rollback; 5 without it
     */
    revisionHistoryLimit?: number;
  };
  /**
   * What is; written by the operator alone
   */
  status?: {
    /**
     * The generation of the spec that this status is about
     */
    observedGeneration?: number;
    /**
     * Instances that exist
     */
    replicas?: number;
    /**
     * Instances that are ready
     */
    readyReplicas?: number;
    /**
     * Instances of the present revision
     */
    updatedReplicas?: number;
    /**
     * Label selector of the instances' pods, for autoscalers
     */
    selector?: string;
    /**
     * The image that the present revision runs
     */
    image?: {
      /**
       * By digest
       */
      reference?: string;
      /**
       * Bytes that a node downloads
       */
      sizeBytes?: number;
      /**
       * Version of the kernel in it
       */
      kernelVersion?: string;
      /**
       * Reference by digest of its bill of materials (CycloneDX)
       */
      sbom?: string;
      /**
       * Digest of what the image was made from and by which builder
       */
      key?: string;
      /**
       * Digest of spec.source and spec.runtime alone
       */
      sourceDigest?: string;
    };
    /**
     * Crashes in a row of the present revision, and until when it is not started again
     */
    backOff?: {
      /**
       * The revision that crashes
       */
      revision: string;
      /**
       * Crashes in a row
       */
      crashes: number;
      /**
       * When the last one was
       */
      lastCrashAt: string;
      /**
       * The instances that crashed then
       *
       * @maxItems 100
       */
      lastCrashed?: string[];
      /**
       * When the next start is allowed
       */
      until: string;
    };
    /**
     * The rollout that is under way; nothing when there is none, or it is paused
     */
    rollout?: {
      /**
       * The revision that it goes to
       */
      revision: string;
      /**
       * When it began or another instance last became ready
       */
      progressedAt: string;
    };
    /**
     * The same of an earlier revision that is still there while a rollout leaves it
     */
    previousBackOff?: {
      /**
       * The revision that crashes
       */
      revision: string;
      /**
       * Crashes in a row
       */
      crashes: number;
      /**
       * When the last one was
       */
      lastCrashAt: string;
      /**
       * The instances that crashed then
       *
       * @maxItems 100
       */
      lastCrashed?: string[];
      /**
       * When the next start is allowed
       */
      until: string;
    };
    /**
     * ImageReady, Compatible, Available, Progressing, MetricsFlowing, Degraded
     */
    conditions?: {
      /**
       * Name of the condition
       */
      type: string;
      /**
       * Whether it holds
       */
      status: 'True' | 'False' | 'Unknown';
      /**
       * The generation of the spec that it is about
       */
      observedGeneration?: number;
      /**
       * Why, as one word
       */
      reason: string;
      /**
       * Why, as a sentence
       */
      message: string;
      /**
       * When its status changed last
       */
      lastTransitionTime: string;
    }[];
    /**
     * The instances, the oldest first; at most 100 of them
     *
     * @maxItems 100
     */
    instances?: {
      /**
       * Name of the VirtualMachineInstance
       */
      name: string;
      /**
       * Node that it runs on
       */
      node?: string;
      /**
       * Address of its pod
       */
      address?: string;
      /**
       * KubeVirt's word for how far it is
       */
      phase?: string;
      /**
       * From the kernel's entry to the program's first instruction
       */
      bootMilliseconds?: number;
      /**
       * How often it ended by itself; it was started again each time, or will be when backOff allows it
       */
      restarts?: number;
      /**
       * How it ended by itself the last time; KubeVirt knows no exit code of a guest
       */
      lastTermination?: {
        /**
         * Ended: the guest switched itself off, as it does when its program ends; Failed: anything else
         */
        reason?: string;
        /**
         * The same as a sentence
         */
        message?: string;
        /**
         * When it ended
         */
        finishedAt?: string;
        /**
         * UID of the VirtualMachineInstance that ended
         */
        uid?: string;
      };
    }[];
  };
}
