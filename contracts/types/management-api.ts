// Generated from contracts/management-api.json by `npm run generate`; do not edit.

export interface ManagementApi {
  Health?: Health;
  ThreadList?: ThreadList;
  Thread?: Thread;
  Memory?: Memory;
  Mapping?: Mapping;
  TracepointList?: TracepointList;
  Tracepoint?: Tracepoint;
  TracepointChanges?: TracepointChanges;
  TracepointChange?: TracepointChange;
  TraceEvent?: TraceEvent;
  Missing?: Missing;
  SelfCheckList?: SelfCheckList;
  SelfCheck?: SelfCheck;
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
  /**
   * Names of the event's arguments
   */
  arguments: string[];
  /**
   * Filter: only events of this thread
   */
  thread?: number;
  /**
   * Filter: the argument that must equal `equals`
   */
  argument?: string;
  equals?: number;
}
export interface TracepointChanges {
  tracepoints: TracepointChange[];
}
export interface TracepointChange {
  name: string;
  enabled: boolean;
  /**
   * Only events of this thread
   */
  thread?: number;
  /**
   * Only events whose argument of this name equals `equals`
   */
  argument?: string;
  equals?: number;
}
export interface TraceEvent {
  /**
   * Since the kernel's entry
   */
  nanoseconds: number;
  cpu: number;
  /**
   * 0: none yet
   */
  thread: number;
  name: string;
  /**
   * The event's arguments, by name
   */
  [k: string]: number | string;
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
export interface SelfCheckList {
  selfChecks: SelfCheck[];
}
export interface SelfCheck {
  /**
   * As in the metric osv_self_check_passed
   */
  name: string;
  passed: boolean;
  detail: string;
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
