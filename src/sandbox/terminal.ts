// The terminal of whoever started us, lent to a program in the sandbox.
import { fstatSync, readFileSync } from "node:fs";
import { FD } from "./inside.ts";
import { call, type SystemCall } from "./launcher/system-call.ts";
import * as linux from "./linux.ts";

/** Those of the three streams that are the controlling terminal of this process. */
export function ownTerminals(): number[] {
  const stat = readFileSync("/proc/self/stat", "latin1");
  const [, , , , device] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // The kernel writes it as a signed number, and 0 where there is none.
  const terminal = Number(device) >>> 0;
  return [0, 1, 2].filter((fd) => {
    const stats = fstatSync(fd);
    return terminal !== 0 && stats.isCharacterDevice() && stats.rdev === terminal;
  });
}

/**
 * The same terminal by the device of the sandbox, which is a read-only mount: its owner, as whom the program acts, could else let
 * everybody on the machine read what is typed there.
 */
export function openTerminalAnew(fd: number): SystemCall[] {
  return [
    call("openat", linux.AT_FDCWD, "/dev/tty", linux.OPEN.readWrite, 0),
    call("dup3", FD.inner, fd, 0),
    call("close", FD.inner),
  ];
}

interface Libc {
  getpgrp(): number;
  tcgetattr(fd: number, attributes: Uint8Array): number;
  tcsetattr(fd: number, when: number, attributes: Uint8Array): number;
  tcflow(fd: number, action: number): number;
  tcgetpgrp(fd: number): number;
  tcsetpgrp(fd: number, group: number): number;
  pthread_sigmask(how: number, set: Uint8Array, old: Uint8Array): number;
}

/** Enough for a struct termios, and for a sigset_t of glibc. */
const STRUCT_BYTES = 128;
/** signal(7) and tcsetattr(3), on every processor that we run on. */
const [SIGTTOU, SIG_BLOCK, SIG_SETMASK, TCSANOW, TCOON] = [22, 0, 2, 0, 1];

/**
 * @returns gives the terminal back as it is now: its modes, and the process group that reads from it. Who had it may have left it
 * raw, or halted (Ctrl-S), or to a group of which nobody is left: whoever reads next would be stopped.
 */
export function terminalAsItIs(fd: number): () => void {
  const libc = load();
  const make = (): Buffer => Buffer.alloc(STRUCT_BYTES);
  const [attributes, stops, before] = [make(), make(), make()];
  const group = libc.getpgrp();
  // Else another job has it now, with the modes that it likes.
  if (libc.tcgetpgrp(fd) !== group || libc.tcgetattr(fd, attributes) !== 0) return () => {};
  stops.writeUInt32LE(1 << (SIGTTOU - 1));
  return () => {
    // Who is not the one that reads from a terminal is stopped when it changes that.
    libc.pthread_sigmask(SIG_BLOCK, stops, before);
    libc.tcsetpgrp(fd, group);
    libc.tcflow(fd, TCOON);
    libc.tcsetattr(fd, TCSANOW, attributes);
    libc.pthread_sigmask(SIG_SETMASK, before, stops);
  };
}

function load(): Libc {
  return process.getBuiltinModule("node:ffi").dlopen("libc.so.6", {
    getpgrp: { arguments: [], return: "i32" },
    tcgetattr: { arguments: ["i32", "buffer"], return: "i32" },
    tcsetattr: { arguments: ["i32", "i32", "buffer"], return: "i32" },
    tcflow: { arguments: ["i32", "i32"], return: "i32" },
    tcgetpgrp: { arguments: ["i32"], return: "i32" },
    tcsetpgrp: { arguments: ["i32", "i32"], return: "i32" },
    pthread_sigmask: { arguments: ["i32", "buffer", "buffer"], return: "i32" },
  }).functions;
}
