// Generated from contracts/management-api.json by `npm run generate`; do not edit.

export interface ManagementApi {
  Health?: Health;
  ThreadList?: ThreadList;
  Thread?: Thread;
  Memory?: Memory;
  Mapping?: Mapping;
  TracepointList?: TracepointList;
  Tracepoint?: Tracepoint;
  Missing?: Missing;
  Log?: Log;
}
export interface Health {
  status: 'running';
}
export interface ThreadList {
  threads: Thread[];
}
export interface Thread {
  id: number;
  name: string;
  /**
   * Whether the thread is the kernel's own
   */
  kernel: boolean;
  state: 'running' | 'runnable' | 'blocked';
  cpu: number;
  /**
   * CPU time used
   */
  runNanoseconds: number;
  /**
   * Times switched to
   */
  switches: number;
}
export interface Memory {
  sizeBytes: number;
  freeBytes: number;
  /**
   * Bytes, by the uses of the metric osv_memory_used_bytes
   */
  used: {
    [k: string]: number;
  };
  mappings: Mapping[];
}
export interface Mapping {
  /**
   * Hexadecimal address
   */
  start: string;
  /**
   * Hexadecimal address of the first byte after it
   */
  end: string;
  /**
   * As in /proc/self/maps, such as r-xp
   */
  permissions: string;
  path?: string;
}
export interface TracepointList {
  tracepoints: Tracepoint[];
}
export interface Tracepoint {
  name: string;
  enabled: boolean;
  hits: number;
}
export interface Missing {
  systemCalls: {
    name: string;
    count: number;
  }[];
  /**
   * Paths that did not exist when opened, bounded
   */
  files: string[];
}
export interface Log {
  lines: {
    /**
     * Since the kernel's entry
     */
    microseconds: number;
    level: 'debug' | 'info' | 'warning' | 'error';
    text: string;
  }[];
}
