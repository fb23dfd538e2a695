// Lists of system calls -> a request of the starter.
import { Constants } from "#sandbox/launcher/constants.ts";
import { CALL, CHECK, LIST_END, systemCallNumber } from "#sandbox/launcher/system-call.ts";
import type { Machine, SystemCall } from "#sandbox/launcher/system-call.ts";
import { AREA, CONSTANTS, FRAME, HEADER_BYTES, REPORT, REQUEST } from "./memory.ts";

export interface Script {
  /** In the starter, before the stage. When one fails, the stage is not started. */
  before: readonly SystemCall[];
  /** In the new process; the last is execve. */
  inside: readonly SystemCall[];
  /** In the starter, when the stage has ended. */
  after: readonly SystemCall[];
  /** When that has been reported: preparations for the next stage. */
  next: readonly SystemCall[];
  /** When there will be no further stage. */
  farewell: readonly SystemCall[];
  cloneFlags: number;
  /** How many files are read after the stage. */
  reportEnd: number;
}

export interface Request {
  bytes: Buffer;
  /** The call that the starter names by its address. */
  callAt(address: number): SystemCall | undefined;
}

const LISTS = ["before", "inside", "after", "next", "farewell"] as const;

export function writeRequest(script: Script, machine: Machine): Request {
  const constants = new Constants(CONSTANTS);
  const calls = new Map<number, SystemCall>();
  const head = Buffer.alloc(CONSTANTS - AREA.start);
  const put = (address: number, value: number) => head.writeBigInt64LE(BigInt(value), address - AREA.start);
  for (const name of LISTS) {
    const list = script[name];
    const bytes = Buffer.alloc(list.length * CALL.bytes + 8);
    for (const [index, call] of list.entries())
      writeCall(bytes, index * CALL.bytes, call, systemCallNumber(call.name, machine), constants);
    bytes.writeBigInt64LE(BigInt(LIST_END), list.length * CALL.bytes);
    const address = constants.add(bytes, 8);
    for (const [index, call] of list.entries()) calls.set(address + index * CALL.bytes, call);
    put(REQUEST[name], address);
  }
  put(REQUEST.cloneFlags, script.cloneFlags);
  const reportBytes = script.reportEnd - REPORT.frame;
  put(REQUEST.reportBytes, reportBytes);
  head.writeUInt32LE(FRAME.report, REPORT.frame - AREA.start);
  head.writeUInt32LE(reportBytes - 8, REPORT.frame - AREA.start + 4);
  const body = constants.finish();
  put(REQUEST.length, head.length - HEADER_BYTES + body.length);
  return { bytes: Buffer.concat([head, body]), callAt: (address) => calls.get(address) };
}

function writeCall(
  bytes: Buffer,
  offset: number,
  call: SystemCall,
  number: number,
  constants: Constants,
): void {
  const { args, optional, mustBeZero, tolerated = [], storeAt = 0 } = call;
  const put = (at: number, value: number) => {
    bytes.writeInt32LE(value | 0, offset + at);
    bytes.writeInt32LE(Math.floor(value / 2 ** 32) | 0, offset + at + 4);
  };
  put(0, number);
  for (const [index, arg] of args.entries()) put(CALL.args + 8 * index, constants.address(arg));
  const check = optional ? CHECK.nothing : mustBeZero === true ? CHECK.zero : CHECK.noError;
  bytes.writeUInt32LE(check, offset + CALL.check);
  put(CALL.store, storeAt);
  const [first = 0, second = 0] = tolerated;
  bytes.writeUInt32LE(first, offset + CALL.tolerated);
  bytes.writeUInt32LE(second, offset + CALL.tolerated + 4);
}
