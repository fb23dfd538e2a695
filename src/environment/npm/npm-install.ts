// Runs inside the sandbox: archives of npm packages -> one folder node_modules, as `npm ci --ignore-scripts` lays it out. Nothing
// of a package runs. npm's archives have files and folders only, below one folder; what has anything else is refused.
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Reader, StageContext } from "#author/files.ts";
import { isObject } from "#base/strict-json.ts";
import { readTar } from "#package/tar-reader.ts";

type Path = Reader<Readonly<Record<string, unknown>>>;

interface Inputs {
  archives: Path[];
  /** Of the archives, in their order: `node_modules/sharp`; a folder before those within it. */
  places: string[];
}

const UNPACKED_BYTES_MAX = 2 ** 30;
const ENTRIES_MAX = 200_000;

export default function install({ archives, places }: Inputs, { out }: StageContext): void {
  for (const [index, { path }] of archives.entries()) {
    const place = places[index] ?? "";
    try {
      unpack(path, join(out, place));
    } catch (error) {
      throw new Error(`cannot install the npm package ${place}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}

function unpack(archive: string, folder: string): void {
  const tar = gunzipSync(readFileSync(archive), { maxOutputLength: UNPACKED_BYTES_MAX });
  const written = new Map<string, Uint8Array>();
  let entries = 0;
  for (const { kind, path, content, mode } of readTar(tar)) {
    if (++entries > ENTRIES_MAX) throw new Error(`it has more than ${ENTRIES_MAX} entries`);
    const inside = path.slice(path.indexOf("/") + 1);
    if (kind === "folder") continue;
    const name = Buffer.from(path, "latin1").toString("utf8");
    if (kind !== "file") throw new Error(`'${name}' in it is neither a file nor a folder`);
    // Beside the folder that the package is in there is nothing.
    if (!path.includes("/")) throw new Error(`'${name}' in it is in no folder`);
    const before = written.get(inside);
    if (before !== undefined && Buffer.compare(before, content) !== 0)
      throw new Error(`'${name}' is in it twice, with other bytes`);
    written.set(inside, content);
    const file = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(inside, "latin1")]);
    mkdirSync(Buffer.from(dirname(file.toString("latin1")), "latin1"), { recursive: true });
    if (before === undefined) writeFileSync(file, content, { flag: "wx" });
    if ((mode & 0o111) !== 0) chmodSync(file, 0o755);
  }
  if (!written.has("package.json")) throw new Error("it has no package.json");
  for (const name of programsOf(folder)) {
    const file = join(folder, name);
    if (existsSync(file)) startable(file);
  }
}

/** The programs that its package.json names. */
function programsOf(folder: string): string[] {
  const manifest: unknown = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8").replace(/^\uFEFF/, ""),
  );
  const { bin, directories } = isObject(manifest) ? manifest : {};
  const named = typeof bin === "string" ? [bin] : isObject(bin) ? Object.values(bin) : [];
  const inFolder =
    isObject(directories) && typeof directories["bin"] === "string" ? directories["bin"] : undefined;
  const files = named.filter((each) => typeof each === "string");
  const all =
    inFolder === undefined || !isBelow(inFolder) || !existsSync(join(folder, inFolder))
      ? files
      : [...files, ...readdirSync(join(folder, inFolder)).map((name) => join(inFolder, name))];
  return all.filter(isBelow);
}

function isBelow(name: string): boolean {
  return !name.startsWith("/") && !name.split("/").includes("..");
}

/** npm makes programs executable, and takes the carriage return out of their first line. */
function startable(file: string): void {
  try {
    const bytes = readFileSync(file);
    const end = bytes.indexOf("\n");
    if (bytes.subarray(0, 2).toString() === "#!" && end > 0 && bytes[end - 1] === 0x0d)
      writeFileSync(file, Buffer.concat([bytes.subarray(0, end - 1), bytes.subarray(end)]));
    chmodSync(file, 0o755);
  } catch (error) {
    // A folder of that name is no program.
    if ((error as NodeJS.ErrnoException).code !== "EISDIR") throw error;
  }
}
