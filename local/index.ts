export { writeIsoDisk } from './boot-configuration/disk.ts';
export { exitCodes, LocalError, type LocalErrorCode } from './errors.ts';
export { findKernel } from './image/kernel-path.ts';
export { localImage } from './image/local-image.ts';
export { type ImageTag, ImageTags } from './image/tags.ts';
export { spawnBound } from './instance/bound-process.ts';
export { startDetached } from './instance/detach.ts';
export { type InstancePaths, type StateFolders, stateFolders } from './instance/paths.ts';
export type { InstanceExit, InstanceRecord, PublishedPort } from './instance/record.ts';
export { stopInstance } from './instance/stop.ts';
export { InstanceStore } from './instance/store.ts';
export { type ProgramStreams, Supervisor } from './instance/supervisor.ts';
export { chooseAccelerator } from './machine/acceleration.ts';
export type { ProbeResult } from './machine/kvm-probe.ts';
export { type Accelerator, type MachineType, machineTypes, type PortForward } from './machine/machine-spec.ts';
export { mebibyte, parseMemorySize } from './machine/memory-size.ts';
export {
  acceleratorArguments,
  escapeComma,
  type ProcessorSpec,
  processorArgument,
  rootPortArguments,
} from './machine/qemu-options.ts';
export { QmpClient } from './machine/qmp.ts';
export { type Reading, readMetrics, type Usage, usageBetween } from './metrics/usage.ts';
export { type GuestAddresses, type Passt, type PortRange, startPasst } from './network/passt.ts';
export { parsePublishedPort } from './network/ports.ts';
export { ensurePrometheus, refreshTargets } from './prometheus/service.ts';
export { type Probe, type ProbeOutcome, runProbe } from './readiness/probe.ts';
export { readinessProbes, waitUntilReady } from './readiness/wait.ts';
export { type PreparedInstance, prepareInstance } from './start/prepare.ts';
export type { LocalImage, PublishRequest, StartRequest, Volume } from './start/request.ts';
export { appVolumes, bindVolumes, parseBind } from './start/volumes.ts';
export { findProgram, requireProgram } from './tools.ts';
