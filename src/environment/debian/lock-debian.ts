// `pipelite lock` for Debian packages: what the suites say now, verified, comes to a list of packages with their hashes.
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { DebianRequest } from "#author/environment-request.ts";
import { readNamedFile } from "#base/files.ts";
import { decompress } from "#package/decompress.ts";
import { readKeyring } from "#package/openpgp-keyring.ts";
import { downloadTo, reasonOf } from "#environment/download.ts";
import { lockedFile, type Locking } from "#environment/locking.ts";
import { pipeliteError } from "#environment/errors.ts";
import {
  RESOLVER,
  debianArchitecture,
  faultOfPackage,
  type LockedDebian,
  type LockedSuite,
} from "./locked.ts";
import { readRelease, trustedKeys, type DebianRelease, type Trusted } from "./release.ts";
import { solve, unknownPackage } from "./solver.ts";
import { Universe, type DebianPackage } from "./universe.ts";

export interface DebianLocking extends Omit<Locking, "env"> {
  /** Suites that were read already, for environments that share them. */
  read?: Map<string, ReturnType<typeof readSuite>>;
  /** Keys that may sign Debian's own archives; without more those of the source. */
  keys?: readonly Trusted[];
  /** What was locked before: a suite may not be older than it was then. */
  before?: LockedDebian | undefined;
}

interface Suite {
  archive: string;
  suite: string;
  components: readonly string[];
  keys: readonly Trusted[];
  moment?: string | undefined;
}

export async function lockDebian(request: DebianRequest, locking: DebianLocking): Promise<LockedDebian> {
  const architecture = debianArchitecture(process.arch);
  const { suites, indices } = await readSuites(request, architecture, locking);
  const universe = new Universe(indices, architecture);
  const { base, packages } =
    request.isBare === true
      ? { base: 0, packages: request.packages.map((name) => only(universe, name)) }
      : solve(universe, request.packages);
  return { request, architecture, resolver: RESOLVER, suites, base, packages: packages.map(lockedPackage) };
}

function only(universe: Universe, name: string): DebianPackage {
  const found = universe.candidate(name);
  if (found !== undefined) return found;
  throw unknownPackage(universe, name);
}

/** What the suites of a request say now, verified: the indices of their packages. */
export async function readSuites(
  request: DebianRequest,
  architecture: string,
  locking: DebianLocking,
): Promise<{ suites: LockedSuite[]; indices: { text: string; archive: string }[] }> {
  const suites: LockedSuite[] = [];
  const indices: { text: string; archive: string }[] = [];
  for (const suite of suitesOf(request, locking)) {
    const { release, components } = await readOnce(suite, architecture, locking);
    checkAge(suite, release, locking);
    suites.push({
      archive: suite.archive,
      suite: suite.suite,
      codename: release.codename,
      date: release.date.toISOString(),
      release: release.digest,
      signedBy: release.signedBy,
      packages: Object.fromEntries(components.map(({ component, sha256 }) => [component, sha256])),
    });
    for (const { text } of components) indices.push({ text, archive: suite.archive });
  }
  return { suites, indices };
}

/** Those that move ahead of their release have no updates beside it. */
const ROLLING = ["sid", "unstable", "testing", "experimental"];

function suitesOf({ suite, snapshot, repositories = [] }: DebianRequest, locking: DebianLocking): Suite[] {
  const { root, keys = trustedKeys() } = locking;
  const debian = { components: ["main"], keys, moment: snapshot };
  const own: Suite[] = [
    { archive: "debian", suite, ...debian },
    ...(ROLLING.includes(suite)
      ? []
      : [
          { archive: "debian", suite: `${suite}-updates`, ...debian },
          { archive: "debian-security", suite: `${suite}-security`, ...debian },
        ]),
  ];
  const others = repositories.map((each): Suite => {
    const { name, suite: own, components } = each;
    return { archive: name, suite: own, components, keys: keysOf(resolve(root, each.keys)) };
  });
  return [...own, ...others];
}

const KEYRING_BYTES_MAX = 2 ** 24;

function keysOf(file: string): Trusted[] {
  try {
    return readKeyring(readNamedFile(file, KEYRING_BYTES_MAX)).map(({ key, expires }) => ({
      key,
      expires: expires === undefined ? undefined : new Date(expires * 1000),
    }));
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw pipeliteError("KEYRING_INVALID", { file, problem }, error);
  }
}

function readOnce(suite: Suite, architecture: string, locking: DebianLocking) {
  const { keys, ...rest } = suite;
  const key = JSON.stringify([rest, architecture, keys.map((each) => each.key.fingerprint)]);
  const known = locking.read?.get(key);
  if (known !== undefined) return known;
  locking.say(`reading ${suite.suite} of ${suite.archive}`);
  const reading = readSuite(suite, architecture, locking);
  locking.read?.set(key, reading);
  return reading;
}

async function readSuite(suite: Suite, architecture: string, locking: DebianLocking) {
  const { archive, keys, moment } = suite;
  const bytes = await readInRelease(suite, locking);
  const isSnapshot = moment !== undefined;
  const release = readRelease(bytes, { archive, suite: suite.suite, keys, now: locking.now, isSnapshot });
  const components = [];
  for (const component of suite.components) {
    const { sha256, text } = await readIndex(suite, release, { component, architecture }, locking);
    components.push({ component, sha256, text });
  }
  return { release, components };
}

const RELEASE_BYTES_MAX = 16 * 2 ** 20;
const INDEX_BYTES_MAX = 512 * 2 ** 20;

/** An attacker may not bring back a release whose faults are known. */
function checkAge({ archive, suite }: Suite, { date }: DebianRelease, { before }: DebianLocking): void {
  const last = before?.suites.find((each) => each.archive === archive && each.suite === suite)?.date;
  if (last === undefined || new Date(last) <= date) return;
  const problem = `it is dated ${date.toISOString()}, and the lock file has one dated ${last}`;
  throw pipeliteError("RELEASE_INVALID", { archive, suite, problem });
}

async function readIndex(
  suite: Suite,
  release: DebianRelease,
  { component, architecture }: { component: string; architecture: string },
  locking: DebianLocking,
): Promise<{ sha256: string; text: string }> {
  // The archive of security calls its components `updates/main`, and has them where others have `main`.
  const base = `${component}/binary-${architecture}/Packages`;
  const invalid = (problem: string) =>
    pipeliteError("RELEASE_INVALID", { archive: suite.archive, suite: suite.suite, problem });
  for (const suffix of [".xz", ".gz", ""]) {
    const file = release.files.get(`${base}${suffix}`);
    if (file === undefined) continue;
    if (file.size > INDEX_BYTES_MAX) throw invalid(`its ${base} has ${file.size} bytes`);
    const known = await lockedFile(
      {
        name: `Packages${suffix}`,
        sha256: file.sha256,
        get: (target) => getIndex(suite, { ...file, path: `${base}${suffix}` }, target, locking),
      },
      locking,
    );
    const text = await decompress(readFileSync(known), suffix);
    return { sha256: file.sha256, text: Buffer.from(text).toString("utf8") };
  }
  throw invalid(`it has no ${base}`);
}

/** What a suite says of itself now: no hash of it is known, so only a mirror can tell. */
async function readInRelease(suite: Suite, locking: DebianLocking): Promise<Uint8Array> {
  const { temporary } = locking;
  mkdirSync(temporary, { recursive: true });
  const file = join(temporary, `index-${process.pid}`);
  try {
    await downloadFirst(suite, ["InRelease"], { file, most: RELEASE_BYTES_MAX }, locking);
    return readFileSync(file);
  } finally {
    rmSync(file, { force: true });
  }
}

interface IndexOfRelease {
  path: string;
  sha256: string;
  size: number;
}

/** By its hash, where it stays while the suite moves on; else by its name. */
async function getIndex(
  suite: Suite,
  { path, sha256, size }: IndexOfRelease,
  target: string,
  locking: DebianLocking,
): Promise<void> {
  const paths = [`${dirname(path)}/by-hash/SHA256/${sha256}`, path];
  await downloadFirst(suite, paths, { file: target, most: size, sha256 }, locking);
}

interface Wanted {
  /** Where it is written. */
  file: string;
  most: number;
  /** What it must be; the first mirror that has that is taken. */
  sha256?: string;
}

async function downloadFirst(
  { archive, suite, moment }: Suite,
  paths: readonly string[],
  { sha256, ...to }: Wanted,
  { mirrors, signal }: DebianLocking,
): Promise<void> {
  const bases =
    moment === undefined
      ? mirrors.of(archive)
      : mirrors.of("snapshot").map((url) => `${url}/archive/${archive}/${moment}`);
  if (bases.length === 0)
    throw pipeliteError("MIRROR_MISSING", { archive: moment === undefined ? archive : "snapshot" });
  let problem = "";
  for (const base of bases) {
    for (const path of paths) {
      try {
        const found = await downloadTo(`${base}/dists/${suite}/${path}`, { ...to, signal });
        if (sha256 === undefined || found === sha256) return;
        problem = `the sha256 of ${path} is ${found}, signed is ${sha256}`;
      } catch (error) {
        if (signal.aborted) throw error;
        problem ||= reasonOf(error);
      }
    }
  }
  throw pipeliteError("SUITE_UNAVAILABLE", { archive, suite, problem });
}

function lockedPackage(each: DebianPackage): LockedDebian["packages"][number] {
  const size = each.text("size");
  const locked = {
    name: each.name,
    version: each.version,
    architecture: each.text("architecture"),
    archive: each.archive,
    // Flat archives have `./` in front.
    path: each.text("filename").replace(/^(?:\.\/)+/, ""),
    size: /^\d+$/.test(size) ? Number(size) : Number.NaN,
    sha256: each.text("sha256"),
  };
  const problem =
    each.repeated === undefined ? faultOfPackage(locked) : ` has the field ${each.repeated} twice`;
  if (problem === undefined) return locked;
  throw pipeliteError("PACKAGE_INDEX_INVALID", {
    package: each.name,
    archive: each.archive,
    problem: `its entry${problem.replace("/", ": ")}`,
  });
}
