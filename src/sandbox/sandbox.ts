// One process that sees only its inputs: the Linux builder of Nix (Nix manual, "Building", of 2.8) without Nix. A stage gets
// its input closure, /build, /tmp, /etc, /dev and /proc and nothing else of the host; what it leaves in /nix/store is its
// output. Made with bubblewrap, else with util-linux unshare, else (`none`) not at all, which the caller has to record.
// The way of a stage: run.ts plans, outside.ts starts, bubblewrap.ts or unshare.ts isolates, inside.ts hands over to the
// builder (all three as lists of system calls, which launcher/ makes programs of), supervisor.ts watches.
export { detectSandbox } from "./detect.ts";
export { runSandboxed } from "./run.ts";
export type {
  DetectedSandbox,
  SandboxEnding,
  SandboxKind,
  SandboxRequest,
  SandboxResult,
  SandboxUsage,
} from "./request.ts";
