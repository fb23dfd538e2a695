// One process that sees only its inputs: the Linux builder of Nix (Nix manual, "Building", of 2.8) without Nix. A stage gets
// its input closure, /build, /tmp, /etc, /dev and /proc and nothing else of the host; what it leaves in /nix/store is its
// output. Made by a small program of ours (starter/), else with bubblewrap, else with util-linux unshare, else (`none`) not at
// all, which the caller has to record. All are lists of system calls. The way of a stage by the starter: starter/plan.ts says
// what to do, starter/worker.ts has it done, root.ts and inside.ts are what happens in the new process. By another program:
// run.ts plans, outside.ts starts, bubblewrap.ts or unshare.ts isolates, inside.ts hands over to the builder (launcher/ makes
// programs of these lists), supervisor.ts watches. watch.ts holds every stage to its limits.
// session.ts is the same for a program that speaks with the user.
export { detectSandbox } from "./detect.ts";
export { runSandboxed } from "./run.ts";
export { runSession } from "./session.ts";
export { ScratchFolders } from "./scratch.ts";
export { writePreload, type Clock } from "./preload.ts";
export { closeStarters } from "./starter/run.ts";
export type {
  DetectedSandbox,
  LimitSource,
  SandboxEnding,
  SandboxKind,
  SandboxRequest,
  SandboxResult,
  SandboxUsage,
} from "./request.ts";
export type { SandboxView } from "./seen.ts";
