// The profile of a package: what it adds to a closure so that a system finds its programs, manual pages, completions, services
// and configuration. Links lead into the store; what a system wants as a file of its own is copied.
import { own } from "#base/own.ts";
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { byteStringOf, utf8 } from "#base/bytes.ts";
import { hexDigestOf } from "#base/digest.ts";
import { partsBelow } from "#base/files.ts";
import { placeInRoot } from "#base/place-in-root.ts";
import { handleOf, isFileOf, type AnyNode, type FileOf, type Handle } from "#author/nodes.ts";
import type { Pack, ServiceOptions } from "#author/pack.ts";
import { parseStorePath, STORE_DIR, storePathHash, type StorePath } from "#nix/store-path.ts";
import type { RunRecord } from "#home/run-record.ts";
import { gzipMember } from "#package/gzip.ts";
import type { Store } from "#store/index.ts";
import { pipeliteError } from "./errors.ts";
import type { ShippedFile } from "./shipment.ts";
import { addedFile, addedLink, bytesOf, withFolders } from "./tree.ts";

export interface ProfileOf {
  pack: Pack;
  store: Store;
  record: RunRecord;
  /** What handles of pipeline.ts are called in the run. */
  names: ReadonlyMap<Handle, string>;
}

export interface ProfileFiles {
  files: ShippedFile[];
  /** Paths of the store that they lead to, or name. */
  needs: StorePath[];
  /** What was read of the store to be copied. */
  copies: Copy[];
}

export interface Copy {
  /** Where it is on disk. */
  place: string;
  /** Hex. */
  sha256: string;
}

interface Output {
  path: StorePath;
  /** The path with the file in it. */
  logical: string;
  /** Where that is on disk, links followed. */
  place: string;
}

export function profileOf(of: ProfileOf): ProfileFiles {
  const { pack, store } = of;
  const { programs = {}, manPages = {}, completions = {}, data = {}, configuration = {} } = pack;
  const needs = new Set<StorePath>();
  const files: ShippedFile[] = [];
  const copies: Copy[] = [];
  const link = (what: string, name: string, from: FileOf | AnyNode<never>, path: string): void => {
    const output = outputOf(of, what, name, from);
    if (what === "the program") requireProgram(of, name, output);
    needs.add(output.path);
    files.push(addedLink(byteStringOf(path), byteStringOf(output.logical)));
  };
  const copy = (
    what: string,
    name: string,
    from: FileOf | AnyNode<never>,
    {
      path,
      isPacked = false,
      isConfiguration = false,
    }: { path: string; isPacked?: boolean; isConfiguration?: boolean },
  ): void => {
    const output = outputOf(of, what, name, from);
    const stat = lstatSync(output.place);
    if (!stat.isFile())
      throw pipeliteError("PACK_FILE_KIND", {
        place: pack.place,
        what,
        name,
        path: output.logical,
        problem: "no file",
      });
    const content = bytesOf({ file: byteStringOf(output.place) }, stat.size);
    copies.push({ place: output.place, sha256: hexDigestOf(content) });
    for (const path of [output.path, ...store.references(output.path)])
      if (Buffer.from(content).includes(storePathHash(path))) needs.add(path);
    const bytes = isPacked ? gzipMember(gzipSync(content, { level: 9 })) : content;
    files.push(addedFile(byteStringOf(path), bytes, { isConfiguration }));
  };
  for (const [name, from] of Object.entries(programs)) link("the program", name, from, `usr/bin/${name}`);
  for (const [name, from] of Object.entries(data)) link("data", name, from, `usr/share/${pack.name}/${name}`);
  for (const [name, from] of Object.entries(manPages)) {
    const section = name.slice(name.lastIndexOf(".") + 1).charAt(0);
    copy("the manual page", name, from, { path: `usr/share/man/man${section}/${name}.gz`, isPacked: true });
  }
  for (const [shell, of_] of Object.entries(completions))
    for (const [name, from] of Object.entries(of_))
      copy("completions of", name, from, { path: COMPLETIONS[shell as Shell](name) });
  for (const [name, from] of Object.entries(configuration))
    copy("the configuration", name, from, { path: name.slice(1), isConfiguration: true });
  for (const output of needs)
    if (store.info(output) === undefined)
      throw pipeliteError("PACK_PATH_GONE", { path: output, referrer: pack.name });
  return { files, needs: [...needs].toSorted(), copies };
}

type Shell = "bash" | "fish" | "zsh";

const COMPLETIONS: Readonly<Record<Shell, (name: string) => string>> = {
  bash: (name) => `usr/share/bash-completion/completions/${name}`,
  fish: (name) => `usr/share/fish/vendor_completions.d/${name}.fish`,
  zsh: (name) => `usr/share/zsh/site-functions/_${name}`,
};

/** With the folders above; those that every system has are others' as well. */
export function wholeProfile(files: readonly ShippedFile[], { name }: Pick<Pack, "name">): ShippedFile[] {
  const own = [`usr/share/${name}`, `usr/share/doc/${name}`, `usr/share/licenses/${name}`];
  return withFolders(files, (path) => !own.includes(path));
}

function outputOf(of: ProfileOf, what: string, name: string, from: FileOf | AnyNode<never>): Output {
  const { pack, record, store, names } = of;
  const handle = isFileOf(from) ? from.node : handleOf(from);
  const called = names.get(handle) ?? (handle.kind === "source" ? lastPart(handle.path) : undefined);
  const found =
    called === undefined
      ? undefined
      : (own(record.results, called) ??
        record.stages.find(({ name: stage }) => stage === called)?.outPath ??
        record.materials.find(({ name: material }) => material === called)?.path);
  if (found === undefined)
    throw pipeliteError("PACK_NODE_MISSING", { place: pack.place, what, name, run: record.runId });
  const path = parseStorePath(found);
  if (store.info(path) === undefined)
    throw pipeliteError("PACK_PATH_GONE", { path, referrer: `run ${record.runId}` });
  const logical = isFileOf(from) ? `${path}/${from.name}` : path;
  const place = placeInStore(store, isFileOf(from) ? from.name : "", path);
  const stat = place === undefined ? undefined : lstatSync(place, { throwIfNoEntry: false });
  if (place === undefined || stat === undefined)
    throw pipeliteError("PACK_FILE_MISSING", {
      place: pack.place,
      what,
      name,
      file: isFileOf(from) ? from.name : "",
      path,
    });
  return { path, logical, place };
}

/** Links of an output lead where its maker liked; to this machine beyond the store none does. */
function placeInStore(store: Store, file: string, path: StorePath): string | undefined {
  if (partsBelow(file) === undefined) return undefined;
  const place = placeInRoot(store.home, `${path}/${file}`);
  return place?.startsWith(`${join(store.home, STORE_DIR)}/`) === true ? place : undefined;
}

function lastPart(path: string): string {
  return path.replace(/\/+$/, "").split("/").at(-1) ?? "";
}

function requireProgram({ pack }: ProfileOf, name: string, { logical, place }: Output): void {
  const stat = lstatSync(place);
  const problem = !stat.isFile() ? "no file" : (stat.mode & 0o111) === 0 ? "not executable" : undefined;
  if (problem !== undefined)
    throw pipeliteError("PACK_FILE_KIND", {
      place: pack.place,
      what: "the program",
      name,
      path: logical,
      problem,
    });
}

/** A unit of systemd. It is there, and not enabled: that is for whoever runs the machine. */
export function systemdUnits({ services = {} }: Pack): ShippedFile[] {
  return Object.entries(services).map(([name, service]) =>
    addedFile(byteStringOf(`usr/lib/systemd/system/${name}.service`), utf8(unitOf(service))),
  );
}

function unitOf({ description, command, user }: ServiceOptions): string {
  const [program, ...words] = command;
  const lines = [
    "[Unit]",
    `Description=${description}`,
    "After=network.target",
    "",
    "[Service]",
    `ExecStart=/usr/bin/${[program, ...words].map((word) => word.replaceAll("%", "%%")).join(" ")}`,
    ...(user === undefined ? [] : [`User=${user}`]),
    "Restart=on-failure",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
  ];
  return `${lines.join("\n")}\n`;
}

/** A script of OpenRC, which Alpine starts services by. */
export function openrcScripts({ services = {} }: Pack): ShippedFile[] {
  return Object.entries(services).map(([name, { description, command, user }]) => {
    const [program, ...words] = command;
    const lines = [
      "#!/sbin/openrc-run",
      `description=${JSON.stringify(description).replaceAll(/[$\x60]/g, "\\$&")}`,
      `command="/usr/bin/${program}"`,
      `command_args="${words.join(" ")}"`,
      ...(user === undefined ? [] : [`command_user="${user}"`]),
      "supervisor=supervise-daemon",
      "depend() {",
      "  need net",
      "}",
    ];
    return addedFile(byteStringOf(`etc/init.d/${name}`), utf8(`${lines.join("\n")}\n`), { mode: 0o755 });
  });
}
