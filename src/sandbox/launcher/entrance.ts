// Static programs that are part of a derivation: they lead from the sandbox of a build into a root of its own, and then
// become the program that is to run there. No shell, no loader and no compiler is needed, and the bytes follow from
// this code alone: they are part of what a stage is, so a change here builds again all that runs in an environment.
//
//   PROGRAM ROOT CANDIDATE... "" ARGV0 ARG...
//
// Of the candidates (absolute paths inside the root) the first that is there is executed with the arguments behind the
// empty one. What fails is written to stderr in words, with the kernel's error, and ends the program with ENTRANCE_FAILED.
import { Arm64Code } from "./arm64.ts";
import { Constants } from "./constants.ts";
import { dataAddress, linkElf } from "./elf.ts";
import { systemCallNumber } from "./system-call.ts";
import type { CallArgument, Processor, SystemCallName } from "./system-call.ts";
import { X64Code } from "./x64.ts";

/** Exit code of an entrance one of whose steps failed; what it wrote last says which. */
export const ENTRANCE_FAILED = 125;
/** Starts the line that says what failed. */
export const ENTRANCE_WORDS = "pipelite: cannot enter the environment: ";

/** ROOT, or the descriptor that the last openat returned. */
type Known = "root" | "opened";
type Given = CallArgument | { known: Known };

/** A system call, and in words what it does; without words it may fail. */
export interface EntranceStep {
  words?: string;
  name: SystemCallName;
  args: readonly Given[];
  /** Keeps what it returns as the descriptor that `opened` stands for. */
  opens?: boolean;
}

export function entranceStep(words: string, name: SystemCallName, ...args: Given[]): EntranceStep {
  return { words, name, args };
}

/** Writes a file that is there. */
export function writing(
  words: string | undefined,
  path: string,
  text: string,
  openFlags: number,
): EntranceStep[] {
  const said = words === undefined ? {} : { words };
  const AT_FDCWD = -100;
  const opened = { known: "opened" } as const;
  return [
    { ...said, name: "openat", args: [AT_FDCWD, path, openFlags, 0], opens: true },
    { ...said, name: "write", args: [opened, text, text.length] },
    { name: "close", args: [opened] },
  ];
}

const STDERR = 2;
/** The first argument is the root; the candidates follow it. */
const [ROOT_ARGUMENT, FIRST_CANDIDATE] = [1, 2];

/** @returns the bytes of the executable */
export function assembleEntrance(machine: Processor, steps: readonly EntranceStep[]): Uint8Array {
  const data = new Constants(dataAddress(0));
  const code = machine === "x64" ? new X64Code() : new Arm64Code();
  const slot = () => data.add(new Uint8Array(8), 8);
  const slots: Record<Known, number> = { root: slot(), opened: slot() };
  const report = slot();
  const words: string[] = [];
  const check = (said: string) => code.jumpToFailureUnlessOk(words.push(`${ENTRANCE_WORDS}${said}: `) - 1);
  code.loadArgument(ROOT_ARGUMENT);
  code.storeResult(slots.root);
  for (const { words: said, name, args, opens } of steps) {
    const passed = args.map((arg) =>
      typeof arg === "object" && "known" in arg ? { at: slots[arg.known] } : data.address(arg),
    );
    code.systemCallWith(systemCallNumber(name, machine), passed);
    if (opens === true) code.storeResult(slots.opened);
    if (said !== undefined) check(said);
  }
  code.executeFirst(systemCallNumber("execve", machine), FIRST_CANDIDATE, slot());
  check("the program cannot be started there");
  code.startFailure(report);
  const write = systemCallNumber("write", machine);
  code.writeRow(write, STDERR, { table: textTable(data, words), at: report, isNegative: false });
  code.writeRow(write, STDERR, { table: textTable(data, errorTexts()), at: report + 4, isNegative: true });
  code.systemCall(systemCallNumber("exit_group", machine), [ENTRANCE_FAILED]);
  return linkElf(machine, code.finish(), data.finish());
}

/** @returns where there are, for each text, its address and its length */
function textTable(data: Constants, texts: readonly string[]): number {
  const rows = texts.flatMap((text) => [BigInt(data.address(text)), BigInt(text.length)]);
  return data.add(new Uint8Array(BigUint64Array.from(rows).buffer), 8);
}

/** Numbers that Linux has on both machines (include/uapi/asm-generic/errno-base.h and errno.h). */
const ERROR_NAMES: Readonly<Record<number, string>> = {
  1: "EPERM, the kernel does not allow it",
  2: "ENOENT, it is not there",
  8: "ENOEXEC, it is no program of this machine",
  12: "ENOMEM, there is not enough memory",
  13: "EACCES, it may not be used",
  14: "EFAULT, an argument is missing",
  16: "EBUSY",
  20: "ENOTDIR",
  22: "EINVAL",
  28: "ENOSPC, a limit of the kernel is reached",
  38: "ENOSYS, the kernel does not have it",
  40: "ELOOP",
};
const ERRNO_MAX = 133;

function errorTexts(): string[] {
  return Array.from({ length: ERRNO_MAX + 1 }, (_, number) => `error ${ERROR_NAMES[number] ?? number}\n`);
}
