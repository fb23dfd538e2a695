// Runs inside the sandbox: wheels -> a virtual environment (PEP 405) on the Python of another root, which it names by a link.
// No code of a wheel runs. Nothing is compiled beforehand; where Python is in the root is where its scripts find it.
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Reader, StageContext } from "#author/files.ts";
import { placeInside } from "#base/files.ts";
import { NOTES_FILE } from "#environment/notes.ts";
import { OpenFile } from "#environment/open-file.ts";
import { parseWheelName, planWheel } from "#package/wheel.ts";
import { readZip } from "#package/zip.ts";

type Path = Reader<Readonly<Record<string, unknown>>>;

interface Inputs {
  base: Path;
  wheels: Path[];
  /** Of the wheels, in their order. */
  names: string[];
  /** `3.11` */
  python: string;
  /** Where programs are in the root. */
  folders: string[];
}

export default function install(inputs: Inputs, { out }: StageContext): void {
  const { base, wheels, names, python, folders } = inputs;
  const site = `lib/python${python}/site-packages`;
  const home = folders.find((folder) => isThere(`${base.path}${folder}/python${python}`));
  if (home === undefined)
    throw new Error(`cannot install wheels: the environment below has no python${python} on its PATH`);
  for (const folder of ["bin", site]) mkdirSync(join(out, folder), { recursive: true });
  symlinkSync(base.path, join(out, "base"));
  symlinkSync(`${home}/python${python}`, join(out, "bin/python3"));
  for (const name of ["python", `python${python}`]) symlinkSync("python3", join(out, "bin", name));
  const config = { home, "include-system-site-packages": "true", version: `${python}.0` };
  const lines = Object.entries(config).map(([key, value]) => `${key} = ${value}\n`);
  writeFileSync(join(out, "pyvenv.cfg"), lines.join(""));
  for (const [index, { path }] of wheels.entries()) {
    const name = names[index] ?? "";
    try {
      installWheel(path, name, { out, site, python: `python${python}` });
    } catch (error) {
      throw new Error(`cannot install ${name}: ${(error as Error).message}`, { cause: error });
    }
  }
}

interface Target {
  out: string;
  site: string;
  python: string;
}

function installWheel(path: string, file: string, { out, site, python }: Target): void {
  const wheel = parseWheelName(file);
  if (wheel === undefined) throw new Error("it is no wheel");
  const zip = new OpenFile(path);
  try {
    const { placed, info, launchers } = planWheel(wheel, readZip(zip), { site, python });
    const record: string[] = [];
    const put = (place: string, content: Uint8Array, isExecutable: boolean): void => {
      const target = placeInside(out, place);
      if (target === undefined)
        throw new Error(`'${place}' leads out of the environment, or to a link of it`);
      if (place === NOTES_FILE) throw new Error(`'${place}' is what Pipelite says of an environment`);
      mkdirSync(dirname(target), { recursive: true });
      if (isThere(target) && !readFileSync(target).equals(content))
        throw new Error(`another one has '${place}' as well, with other bytes`);
      writeFileSync(target, content);
      if (isExecutable) chmodSync(target, 0o755);
      record.push(
        recordOf(place.startsWith(`${site}/`) ? place.slice(site.length + 1) : `../../../${place}`, content),
      );
    };
    for (const { entry, path: place, isScript } of placed) {
      if (basename(place) === "RECORD" && place === `${site}/${info}/RECORD`) continue;
      const content = entry.read();
      put(place, isScript ? withInterpreter(content) : content, isScript || (entry.mode & 0o111) !== 0);
    }
    for (const launcher of launchers) put(`bin/${launcher.name}`, launcherOf(launcher), true);
    put(`${site}/${info}/INSTALLER`, Buffer.from("pipelite\n"), false);
    const own = `${info}/RECORD,,\n`;
    writeFileSync(join(out, site, info, "RECORD"), record.toSorted().join("") + own);
  } finally {
    zip.close();
  }
}

function recordOf(path: string, content: Uint8Array): string {
  const name = /[",]/.test(path) ? `"${path.replaceAll('"', '""')}"` : path;
  return `${name},sha256=${createHash("sha256").update(content).digest("base64url")},${content.length}\n`;
}

/** A shell finds the Python beside it, wherever that is: the form that uv gives to environments that can be moved. */
const START = `#!/bin/sh
'''exec' "$(dirname -- "$(realpath -- "$0")")/python3" "$0" "$@"
' '''
`;

function withInterpreter(script: Uint8Array): Uint8Array {
  const text = Buffer.from(script);
  if (!text.subarray(0, 8).equals(Buffer.from("#!python"))) return script;
  const end = text.indexOf("\n");
  return Buffer.concat([Buffer.from(START), text.subarray(end < 0 ? text.length : end + 1)]);
}

function launcherOf({ module, attribute }: { module: string; attribute: string }): Uint8Array {
  const [first = ""] = attribute.split(".");
  return Buffer.from(
    `${START}import sys\nfrom ${module} import ${first}\nif __name__ == "__main__":\n    sys.exit(${attribute}())\n`,
  );
}

function isThere(path: string): boolean {
  return existsSync(path) || lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
