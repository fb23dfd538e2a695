// Runs inside the sandbox, as root of a namespace of its own with an empty file system in memory on /tmp: unpacked packages
// of Debian -> a root file system. Their scripts run in it, through the entrance `configure`, in one order: the essential
// packages first. What differs from run to run is taken out in the end, so that the same packages give the same bytes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync, readlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { byteStringOf } from "#base/bytes.ts";
import { canonicalJson } from "#base/canonical-json.ts";
import { NOTES_FILE, type Varying } from "#environment/notes.ts";
import type { Reader, StageContext } from "#author/files.ts";
import { cleanRoot, copyTree } from "./clean-root.ts";
import { DpkgDatabase, readPackage, type PackageIn } from "./dpkg-database.ts";
import { RootTree } from "./root-tree.ts";
import { varyingIn } from "./varying.ts";

interface Inputs {
  /** In the order in which they are configured. */
  packages: Reader<Readonly<Record<string, unknown>>>[];
  names: string[];
  /** How many of the first are the base. */
  base: number;
  /** The program that enters the root. */
  entrance: string;
  /** Folders that are links into /usr. */
  merged: string[];
  /** What it must have besides. */
  folders: string[];
  user: { passwd: string; group: string };
}

const ROOT = "/tmp";

export default async function configure(inputs: Inputs, { out }: StageContext): Promise<void> {
  process.umask(0o022);
  try {
    await configureAll(inputs);
    copyTree(ROOT, byteStringOf(out));
  } catch (error) {
    const MESSAGE_MAX = 500;
    if (error instanceof PackageFailed) throw error;
    // Scripts can leave names of any length in each other.
    throw new PackageFailed([], (error as Error).message.slice(0, MESSAGE_MAX));
  }
}

async function configureAll(inputs: Inputs): Promise<void> {
  const packages = inputs.packages.map(({ path }, index) => readPackage(inputs.names[index] ?? "", path));
  const tree = new RootTree(ROOT);
  for (const folder of ["usr", ...inputs.merged.map((name) => `usr/${name}`)]) tree.folder(folder);
  for (const name of inputs.merged) tree.link(name, `usr/${name}`);
  // The newest file of all packages: the time at which the root could have been made.
  const seconds = packages.reduce((latest, { list }) => Math.max(latest, list.newest), 0);
  const runner = new Runner(inputs.entrance, tree, seconds);
  for (const folder of ["dev", "proc"]) tree.folder(folder);
  const database = new DpkgDatabase(tree);
  const base = packages.slice(0, inputs.base);
  const rest = packages.slice(inputs.base);
  layDown(tree, base, new Map());
  tree.folder("usr/sbin");
  tree.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", 0o755);
  database.add(base);
  tree.setTimes(seconds);
  for (const each of base) await runner.preinst(each);
  await runner.configure(base);
  if (rest.length > 0) {
    // Before their files lie there, as with dpkg: what they divert must not be overwritten.
    for (const each of rest.filter(isDiverting)) await runner.preinst(each);
    tree.look();
    layDown(tree, rest, readDiversions(tree));
    database.add(rest);
    tree.setTimes(seconds);
    for (const each of rest.filter((one) => !isDiverting(one))) await runner.preinst(each);
    await runner.configure(rest);
  }
  tree.look();
  cleanRoot(ROOT, seconds);
  const varying = varyingIn(ROOT);
  for (const [name, paths] of varying)
    writeSync(STDERR, `${name}: not the same each time it is configured: ${paths.join(", ")}\n`);
  tree.remove(NOTES_FILE);
  if (varying.size > 0) {
    const counts = [...varying].map(([name, { length }]) => [name, length]);
    tree.write(NOTES_FILE, `${canonicalJson({ varying: Object.fromEntries(counts) as Varying })}\n`);
  }
  for (const folder of inputs.folders) tree.folder(folder);
  append(tree, "etc/passwd", inputs.user.passwd);
  append(tree, "etc/group", inputs.user.group);
  tree.write("etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
}

function append(tree: RootTree, path: string, line: string): void {
  const text = tree.read(path).toString("latin1");
  const [name = ""] = line.split(":", 1);
  const isThere = text.split("\n").some((each) => each.startsWith(`${name}:`));
  if (line !== "" && !isThere) tree.write(path, Buffer.from(`${text}${line}\n`, "latin1"));
}

function isDiverting({ path }: PackageIn): boolean {
  return scriptOf(path, "preinst")?.includes("dpkg-divert") ?? false;
}

function scriptOf(path: string, name: string): string | undefined {
  try {
    return readFileSync(join(path, "control", name), "latin1");
  } catch {
    return undefined;
  }
}

/** Path -> where it is diverted to, and the package that may still have it there. */
function readDiversions(tree: RootTree): Map<string, { to: string; by: string }> {
  const lines = tree.read("var/lib/dpkg/diversions").toString("latin1").split("\n");
  const diversions = new Map<string, { to: string; by: string }>();
  for (let at = 0; at + 2 < lines.length; at += 3) {
    const [from = "", to = "", by = ""] = lines.slice(at, at + 3);
    diversions.set(from.slice(1), { to: to.slice(1), by });
  }
  return diversions;
}

function layDown(
  tree: RootTree,
  packages: readonly PackageIn[],
  diversions: ReadonlyMap<string, { to: string; by: string }>,
): void {
  for (const each of packages) {
    try {
      layDownOne(tree, each, diversions);
    } catch (error) {
      throw new PackageFailed([each.name], (error as Error).message);
    }
  }
}

function layDownOne(
  tree: RootTree,
  { name, path, list, conffiles }: PackageIn,
  diversions: ReadonlyMap<string, { to: string; by: string }>,
): void {
  const place = (file: string): string => {
    const diversion = diversions.get(file);
    const target = diversion === undefined || diversion.by === name ? file : diversion.to;
    // dpkg gives it its name when it configures the package.
    return conffiles.has(file) ? `${target}.dpkg-new` : target;
  };
  for (const entry of list.entries) {
    if (entry.path === "") continue;
    if (entry.kind === "folder") tree.folder(entry.path, entry.mode);
    else if (entry.kind === "link") tree.link(place(entry.path), entry.target ?? "");
    else if (entry.kind === "hard-link") tree.hardLink(place(entry.path), place(entry.target ?? ""));
    else if (entry.kind === "file")
      tree.copy(place(entry.path), `${byteStringOf(path)}/data/${entry.path}`, entry.mode);
  }
}

/** Runs programs of the new root. */
class Runner {
  readonly #entrance: string;
  readonly #tree: RootTree;
  readonly #env: Record<string, string>;

  constructor(entrance: string, tree: RootTree, seconds: number) {
    this.#entrance = entrance;
    this.#tree = tree;
    this.#env = {
      PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
      HOME: "/root",
      LC_ALL: "C.UTF-8",
      DEBIAN_FRONTEND: "noninteractive",
      DEBCONF_NONINTERACTIVE_SEEN: "true",
      DEBCONF_NOWARNINGS: "yes",
      SOURCE_DATE_EPOCH: String(seconds),
      FORCE_SOURCE_DATE: "1",
      PYTHONHASHSEED: "0",
      // Scripts of TeX go through hashes in their order.
      PERL_HASH_SEED: "0",
      // What is compiled on purpose is named by its content, what an import writes by times.
      PYTHONDONTWRITEBYTECODE: "1",
    };
  }

  async preinst({ name, architecture, path }: PackageIn): Promise<void> {
    const text = scriptOf(path, "preinst");
    if (text === undefined) return;
    // Where dpkg has it: the package may not lie there yet.
    this.#tree.folder("var/lib/dpkg/tmp.ci");
    this.#tree.write("var/lib/dpkg/tmp.ci/preinst", Buffer.from(text, "latin1"), 0o755);
    const script = "/var/lib/dpkg/tmp.ci/preinst";
    const env = {
      DPKG_MAINTSCRIPT_PACKAGE: name,
      DPKG_MAINTSCRIPT_NAME: "preinst",
      DPKG_MAINTSCRIPT_ARCH: architecture,
      DPKG_MAINTSCRIPT_PACKAGE_REFCOUNT: "1",
      DPKG_ADMINDIR: "/var/lib/dpkg",
      DPKG_ROOT: "",
    };
    const { ending } = await this.#run(script, ["install"], env);
    if (ending !== undefined) throw new PackageFailed([name], `its preinst ${ending}`);
  }

  async configure(packages: readonly PackageIn[]): Promise<void> {
    const names = packages.map(({ name }) => name);
    const { ending, output } = await this.#run("/usr/bin/dpkg", ["--configure", ...names], {});
    if (ending === undefined) return;
    const named = (pattern: RegExp) => [...output.matchAll(pattern)].map(([, name]) => name ?? "");
    const said = named(/^dpkg: error processing package (\S+)/gm);
    // What ends dpkg itself is the one that it says it is at.
    const failed = said.length > 0 ? said : named(/^Setting up (\S+)/gm).slice(-1);
    throw new PackageFailed(failed, `dpkg ${ending}`);
  }

  /** What it says goes to the log as it says it. */
  async #run(program: string, args: string[], env: Record<string, string>): Promise<Ran> {
    const words = ["-", program, "", program.slice(program.lastIndexOf("/") + 1), ...args];
    const child = spawn(this.#entrance, words, {
      env: { ...this.#env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const hear = (chunk: Buffer): void => {
      output += chunk.toString("latin1");
      writeSync(STDERR, chunk);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    const closed = once(child, "close");
    const [status, signal] = (await once(child, "exit")) as [number | null, string | null];
    endOthers();
    // What hides from that in namespaces of its own is not waited for: it ends with the sandbox.
    const patience = setTimeout(() => {
      child.stdout.destroy();
      child.stderr.destroy();
    }, PATIENCE_MS);
    await closed;
    clearTimeout(patience);
    return { ending: status === 0 ? undefined : `ended with ${signal ?? status}`, output };
  }
}

const PATIENCE_MS = 2000;
/** How often it is looked: what is ended may be starting others. */
const LOOKS_MAX = 100;

/**
 * Ends what a script left running. It would go on in the root while the next ones run and the root is copied, and nobody would know
 * when it is done. Told by their user namespace, which was made for this root.
 */
function endOthers(): void {
  const own = namespaceOf("self");
  if (own === undefined) return;
  const ended = new Set<string>();
  for (let looks = 0; looks < LOOKS_MAX; looks += 1) {
    const others = readdirSync("/proc").filter(
      (pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid && namespaceOf(pid) === own && !isOver(pid),
    );
    if (others.length === 0) break;
    for (const pid of others) {
      try {
        ended.add(readFileSync(`/proc/${pid}/comm`, "utf8").trim());
        process.kill(Number(pid), "SIGKILL");
      } catch {
        // It has ended since.
      }
    }
  }
  if (ended.size > 0)
    writeSync(
      STDERR,
      `left running by a script of a package, and ended: ${[...ended].toSorted().join(", ")}\n`,
    );
}

function namespaceOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/user`);
  } catch {
    return undefined;
  }
}

/** Whether it has ended, and nobody has asked how. */
function isOver(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return /^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch {
    return true;
  }
}

interface Ran {
  /** Undefined when all went well. */
  ending: string | undefined;
  output: string;
}

const STDERR = 2;

class PackageFailed extends Error {
  constructor(names: readonly string[], problem: string) {
    super(`cannot configure ${names.join(", ") || "the packages"}: ${problem}`);
  }
}
