// Packages of Debian that a test makes itself, and environments that are really built of them alone.
import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { DebianRequest } from "#author/environment-request.ts";
import { lockEnvironments } from "#environment/environment.ts";
import { lockDebian } from "#environment/debian/lock-debian.ts";
import { mirrorsOf } from "#environment/mirrors.ts";
import { arHeader, arPadding, AR_START } from "#package/ar.ts";
import { openStore } from "#store/store.ts";
import { writeArchive, type PackageOf } from "./debian-archive.ts";
import type { SigningKey } from "./openpgp.ts";
import type { Project, RanOnce } from "./project.ts";
import { writeTar, type TarMember } from "./tar.ts";

export const tarOf = (...members: TarMember[]): Buffer => writeTar([{ name: "./" }, ...members]);

interface DebParts {
  /** Of `data.tar`: `.gz`. */
  suffix?: string;
  /** Members of `control.tar`, or it by gzip. */
  control?: readonly TarMember[] | Uint8Array;
}

/** The control file of a package as `writeArchive` has it. */
export const controlOf = (name: string): TarMember => ({
  name: "./control",
  content: `Package: ${name}\nVersion: 1.0\nArchitecture: amd64\n`,
});

export function debOf(
  data: Uint8Array,
  { suffix = "", control = [controlOf("evil")] }: DebParts = {},
): Buffer {
  const members: [string, Uint8Array][] = [
    ["debian-binary", Buffer.from("2.0\n")],
    control instanceof Uint8Array ? ["control.tar.gz", control] : ["control.tar", tarOf(...control)],
    [`data.tar${suffix}`, data],
  ];
  return Buffer.concat([
    AR_START,
    ...members.flatMap(([name, bytes]) => [arHeader(name, bytes.length, 0), bytes, arPadding(bytes.length)]),
  ]);
}

export interface OwnEnvironment {
  key: SigningKey;
  /** All that there are, essential ones among them. */
  packages: readonly PackageOf[];
  /** The one that is asked for. */
  name: string;
  /** Words of the stage. Default: it says where it is. */
  script?: string;
  /** Options of the stage, as they follow `name`. */
  options?: string;
}

/** Runs a pipeline whose stage `said` is in an environment of these packages. */
export async function runWith(project: Project, environment: OwnEnvironment): Promise<RanOnce> {
  const { key, packages, name, script = "true", options = "" } = environment;
  const folder = join(project.folder, `archive-${readdirSync(project.folder).length}`);
  mkdirSync(folder);
  for (const suite of ["bookworm", "bookworm-updates", "bookworm-security"])
    writeArchive({ folder, suite, key, packages: suite === "bookworm" ? packages : [] });
  const url = pathToFileURL(folder).href;
  const env = { ...process.env, PIPELITE_MIRRORS: `debian=${url} debian-security=${url}` };
  const request: DebianRequest = { kind: "debian", suite: "bookworm", packages: [name] };
  const { signal } = new AbortController();
  using store = openStore(project.home);
  const locked = await lockDebian(request, {
    root: project.root,
    temporary: join(project.folder, "lock"),
    store,
    mirrors: mirrorsOf(env, "/nowhere"),
    now: new Date("2026-01-03T00:00:00Z"),
    signal,
    say: () => {},
    keys: [{ key: key.publicKey, expires: undefined }],
  });
  lockEnvironments(project.root, new Map([[request, locked]]));
  project.write({
    "pipeline.ts": `import { command, debian, out, pipeline } from "pipelite";
const env = debian([${JSON.stringify(name)}]);
export default pipeline({ said: command(env.tool("sh"), ["-c", ${JSON.stringify(script)}, out], { name: "said" ${options} }) });`,
  });
  return project.run({ env });
}

/** What failed in a run, with its code, and all that its stages said. */
export function wordsOf({ events }: RanOnce): string {
  const failed = events.flatMap((event) =>
    event.type === "stage-finished" && event.status === "failed" ? [event] : [],
  );
  const lines = events.flatMap((event) => (event.type === "stage-log" ? [event.line] : []));
  return `${failed.map(({ failure }) => `${failure?.code}: ${failure?.message}`).join("\n")}\n${lines.join("\n")}`;
}
