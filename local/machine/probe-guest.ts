/**
 * The probe guest: a 64 KiB firmware image, written here byte by byte, that QEMU starts at the x86 reset vector.
 *
 * It does what makes the difference between a KVM that runs guests at speed and one that only pretends to: plain
 * instructions, writes to fresh memory, and port accesses that each leave the guest. Then it ends QEMU by the
 * `isa-debug-exit` device. Instruction encodings: Intel SDM volume 2; reset vector: volume 3, section 10.1.4.
 */

/** QEMU's exit status after the probe guest ran to its end: `isa-debug-exit` returns (value << 1) | 1. */
export const probeGuestExitCode = (0x2a << 1) | 1;

const romBytes = 64 * 1024;
const resetVectorOffset = 0xfff0;

export interface ProbeWork {
  /** Iterations of a two-instruction loop. */
  loopIterations: number;
  /** Writes to port 0x80, each of which is an exit to the host; at most 65,535. */
  portWrites: number;
}

/** Builds the firmware image. The result is what `qemu-system-x86_64 -bios` takes. */
export function buildProbeGuest(work: ProbeWork): Buffer {
  const rom = Buffer.alloc(romBytes, 0xf4 /* hlt */);
  const code = Buffer.from([
    0xfa, // cli
    ...[0x66, 0xb9, ...littleEndian(work.loopIterations, 4)], // mov ecx, loopIterations
    ...[0x66, 0x49], // spin: dec ecx
    ...[0x75, 0xfc], // jnz spin
    ...[0xb9, ...littleEndian(work.portWrites, 2)], // mov cx, portWrites
    ...[0xe6, 0x80], // leave: out 0x80, al
    ...[0xe2, 0xfc], // loop leave
    ...[0xbb, 0x00, 0x10], // mov bx, 0x1000
    ...[0x8e, 0xc3], // segment: mov es, bx
    ...[0x31, 0xff], // xor di, di
    ...[0xb9, 0x00, 0x80], // mov cx, 0x8000
    ...[0xf3, 0xab], // rep stosw
    ...[0x81, 0xc3, 0x00, 0x10], // add bx, 0x1000
    ...[0x81, 0xfb, 0x00, 0x90], // cmp bx, 0x9000
    ...[0x72, 0xed], // jb segment
    ...[0xb0, 0x2a], // mov al, 0x2a
    ...[0xe6, 0xf4], // out 0xf4, al
  ]);
  code.copy(rom, 0);
  Buffer.from([0xea, 0x00, 0x00, 0x00, 0xf0]).copy(rom, resetVectorOffset); // jmp far 0xf000:0x0000
  return rom;
}

function littleEndian(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, index) => Math.floor(value / 256 ** index) % 256);
}
