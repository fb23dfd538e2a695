// The probe (probe.sh) under real Nix and under our sandboxes: what a stage sees must be the same, but for the differences
// that are listed here with their reasons. A difference that is not listed fails, and so does a listed one that is gone.
import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { peer } from "../rig/peer.ts";
import { buildWithNix, removeNixFolders, temporary } from "./nix-rig.ts";
import { removeRunner, runStage } from "./rig.ts";
import { COMMAND, KINDS, USERS, makeBusybox } from "./stage.ts";
import type { User } from "./stage.ts";

interface Difference {
  section: string;
  /** Lines that only Nix has, and lines that only we have. */
  nix: RegExp;
  ours: RegExp;
  /** Not for the others. */
  kind?: (typeof KINDS)[number];
  user?: User;
  /** Depends on the machine. */
  mayBeAbsent?: boolean;
  why: string;
}

const NONE = /(?!)/;
const DIFFERENCES: readonly Difference[] = [
  {
    section: "mounts",
    nix: /^(\/ rw ext4|\/ rw .*)$/,
    ours: /^\/ rw tmpfs$/,
    mayBeAbsent: true, // where the test's own folders are in memory
    why: "the root is in memory: nothing to remove from the disk afterwards",
  },
  {
    section: "mounts",
    nix: /^\/nix\/store\/HASH-\S+ rw \S+$/,
    ours: /^\/nix\/store\/HASH-\S+ ro \S+$/,
    why: "inputs are read-only by mount, not only by file mode",
  },
  {
    section: "mounts",
    nix: NONE,
    ours: /^\/dev rw tmpfs$/,
    kind: "bubblewrap",
    why: "bubblewrap's /dev is a mount of its own",
  },
  {
    section: "mounts",
    nix: NONE,
    ours: /^\/proc\/[\w.-]+ ro (proc|devtmpfs|tmpfs)$/,
    user: "root",
    why: "what is no process's belongs to the host's root, which the stage acts as: it is made read-only, and closed where only root may read it",
  },
  {
    section: "mounts",
    nix: /^\/dev\/(full|null|random|tty|urandom|zero) rw \S+$/,
    ours: /^\/dev\/(full|null|random|tty|urandom|zero) ro \S+$/,
    mayBeAbsent: true,
    why: "devices are the host's: they can be written to, and not changed",
  },
  {
    section: "powers",
    nix: /^kernel settings are writable$/,
    ours: NONE,
    user: "root",
    why: "as above: under Nix 2.8 run by root without build users a stage can change the host's kernel settings",
  },
  {
    section: "process",
    nix: /^CapBnd:\s+[0-9a-f]*[1-9a-f][0-9a-f]*$/,
    ours: /^CapBnd:\s+0+$/,
    kind: "bubblewrap",
    why: "bubblewrap empties the bounding set too; no stage has a capability either way",
  },
  {
    section: "limits",
    nix: /^Max processes/,
    ours: /^Max processes/,
    why: "the limit of processes that was asked for is set",
  },
  {
    section: "groups",
    nix: /^\d+:[^:]*:\/.+$/,
    ours: /^\d+:[^:]*:\/$/,
    mayBeAbsent: true,
    why: "a cgroup namespace hides the host's cgroup paths",
  },
  {
    section: "dev",
    nix: /\/dev\/kvm$/,
    ours: NONE,
    mayBeAbsent: true,
    why: "virtual machines are for a stage that asks for them",
  },
  {
    section: "mounts",
    nix: /^\/dev\/kvm /,
    ours: NONE,
    mayBeAbsent: true,
    why: "as above",
  },
  {
    section: "dev",
    nix: /65534:65534 0:0 \/dev\/pts$/,
    ours: /1000:100 0:0 \/dev\/pts$/,
    why: "the terminal folder is mounted before the last user namespace is entered",
  },
];

after(() => {
  removeNixFolders();
  removeRunner();
});

function probeWithNix(user: User) {
  const source = makeBusybox(temporary("ordinary"));
  copyFileSync(join(import.meta.dirname, "probe.sh"), join(source, "probe.sh"));
  const { path, ...built } = buildWithNix(user, source, (busybox) => ({
    builder: `${busybox}/bin/sh`,
    args: [`${busybox}/probe.sh`],
  }));
  return { ...built, busybox: path };
}

/** Section -> its lines, sorted. */
function sectionsOf(log: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  let current: string[] = [];
  // Nix shows tabs of a log as spaces.
  for (const line of log.replaceAll(/[\t ]+/g, " ").split("\n")) {
    const name = /^## ([\w-]+)$/.exec(line)?.[1];
    if (name === undefined) current.push(line);
    else sections.set(name, (current = []));
  }
  return new Map([...sections].map(([name, lines]) => [name, lines.toSorted()]));
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return lines.filter((line) => {
    const index = left.indexOf(line);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

for (const user of USERS) {
  describe(`a stage as ${user}`, { skip: peer("nix-build", "busybox", "setpriv") }, () => {
    for (const kind of KINDS) {
      test(`sees under ${kind} what it sees under Nix`, { skip: peer(COMMAND[kind]) }, async () => {
        const nix = probeWithNix(user);
        const build = Object.fromEntries(
          ["NIX_BUILD_TOP", "TMPDIR", "TEMPDIR", "TMP", "TEMP", "PWD"].map((key) => [key, "/build"]),
        );
        const ours = await runStage({
          kind,
          user,
          script: "",
          args: [`${nix.busybox}/probe.sh`],
          busybox: { path: nix.busybox, physical: join(nix.root, nix.busybox) },
          env: {
            PATH: "/path-not-set",
            HOME: "/homeless-shelter",
            NIX_STORE: "/nix/store",
            NIX_BUILD_CORES: String(availableParallelism()),
            name: "probe",
            system: `${process.arch === "x64" ? "x86_64" : "aarch64"}-linux`,
            builder: `${nix.busybox}/bin/sh`,
            busybox: nix.busybox,
            out: nix.out,
            ...build,
            NIX_LOG_FD: "2",
            TERM: "xterm-256color",
          },
        });
        assert.deepEqual(
          ours.result?.ending,
          { kind: "exited", code: 0 },
          ours.log + (ours.error?.message ?? ""),
        );
        compare(sectionsOf(nix.log), sectionsOf(ours.log), kind, user);
      });
    }
  });
}

function compare(
  nix: Map<string, string[]>,
  ours: Map<string, string[]>,
  kind: (typeof KINDS)[number],
  user: User,
): void {
  assert.ok(nix.has("end") && ours.has("end"), "the probe came to its end");
  assert.deepEqual([...ours.keys()], [...nix.keys()]);
  const listed = DIFFERENCES.filter((row) => (row.kind ?? kind) === kind && (row.user ?? user) === user);
  const unlisted: string[] = [];
  const seen = new Set<Difference>();
  for (const [section, lines] of nix) {
    if (section === "end") continue;
    const rows = listed.filter((row) => row.section === section);
    const check = (side: "nix" | "ours", extra: string[]) => {
      for (const line of extra) {
        const row = rows.find((row) => row[side].test(line));
        if (row === undefined)
          unlisted.push(`${section}: only ${side === "nix" ? "Nix has" : "we have"}: ${line}`);
        else seen.add(row);
      }
    };
    check("nix", without(lines, ours.get(section) ?? []));
    check("ours", without(ours.get(section) ?? [], lines));
  }
  assert.deepEqual(unlisted, []);
  assert.deepEqual(
    listed.filter((row) => !seen.has(row) && row.mayBeAbsent !== true).map(({ why }) => why),
    [],
    "differences that are listed but gone",
  );
}
