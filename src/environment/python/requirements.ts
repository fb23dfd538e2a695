// What is to be installed, as lock files of Python say it: each project with its version and the hashes that it may have.
// Where files are is not taken from them: that is the index of this machine.
import { own } from "#base/own.ts";
import { parse as parseToml } from "smol-toml";
import { isObject } from "#base/strict-json.ts";
import { evaluateMarker, type MarkerVariables } from "#package/python-marker.ts";
import { normaliseName } from "#package/wheel.ts";

export interface PythonRequirement {
  name: string;
  version: string;
  /** SHA-256s in hex, of which a file must have one. */
  hashes: ReadonlySet<string>;
}

type Table = Record<string, unknown>;

/** @param file its name says of what kind it is. @throws Error that says what is wrong, and where */
export function readRequirements(
  file: string,
  text: string,
  variables: MarkerVariables,
): PythonRequirement[] {
  return eachOnce(readAll(file, text, variables));
}

/** Two of one project would lie in each other's place. */
function eachOnce(all: readonly PythonRequirement[]): PythonRequirement[] {
  const byName = new Map<string, PythonRequirement>();
  for (const each of all) {
    const { name, version, hashes } = each;
    const other = byName.get(name);
    if (
      other !== undefined &&
      (other.version !== version || hashes.symmetricDifference(other.hashes).size > 0)
    )
      throw new Error(`it has '${name}' twice for this machine`);
    byName.set(name, each);
  }
  return [...byName.values()];
}

function readAll(file: string, text: string, variables: MarkerVariables): PythonRequirement[] {
  const name = file.slice(file.lastIndexOf("/") + 1);
  if (/^pylock(\..+)?\.toml$/.test(name)) return fromPylock(parseToml(text), variables);
  if (name === "uv.lock") return fromUv(parseToml(text), variables);
  if (name === "poetry.lock") return fromPoetry(parseToml(text), variables);
  return fromPip(text, variables);
}

/** Where files are is configuration of the machine, and wheels are all that is taken. */
const IGNORED =
  /^(-i|--index-url|--extra-index-url|--find-links|-f|--trusted-host|--no-index|--require-hashes|--only-binary|--prefer-binary|--no-binary|--pre)\b/;
/** Blanks stand there one at a time: of more each of two could take what the other leaves. */
const PINNED = /^([A-Za-z0-9][\w.-]*) ?(?:\[[\w ,.-]*\] ?)?== ?([^ ;*]+) ?(?:;(.*))?$/;
const HASH = /^--hash[= ](\S+)$/;

/** Of pip, `--require-hashes`. */
function fromPip(text: string, variables: MarkerVariables): PythonRequirement[] {
  const lines = text.replaceAll(/\\\r?\n/g, " ").split(/\r?\n/);
  return lines.flatMap((raw): PythonRequirement[] => {
    const line = raw
      .replace(/(^|\s)#.*$/, "")
      .replaceAll(/\s+/g, " ")
      .trim();
    if (line === "" || IGNORED.test(line)) return [];
    const [pinned = "", ...rest] = line.split(/ (?=--hash[= ])/);
    const words = PINNED.exec(pinned);
    const given = rest.map((each) => HASH.exec(each)?.[1]);
    if (words === null || given.includes(undefined))
      throw new Error(`'${pinned.slice(0, 80)}': only \`NAME==VERSION --hash=sha256:...\` is read`);
    const [, name = "", version = "", marker = ""] = words;
    const hashes = given.flatMap((each) => /^sha256:(.*)$/.exec(each ?? "")?.[1] ?? []);
    return holds(marker, variables) ? [requirement(name, version, hashes)] : [];
  });
}

/** Of PEP 751. */
function fromPylock(lock: Table, variables: MarkerVariables): PythonRequirement[] {
  const version = lock["lock-version"];
  if (typeof version !== "string" || !version.startsWith("1."))
    throw new Error("it is not of lock-version 1");
  return tables(lock["packages"]).flatMap((each): PythonRequirement[] => {
    if (!holds(each["marker"], variables)) return [];
    const hashes = tables(each["wheels"]).map(({ hashes: own }) =>
      isObject(own) && typeof own["sha256"] === "string" ? own["sha256"] : "",
    );
    return [requirement(textOf(each, "name"), textOf(each, "version"), hashes)];
  });
}

interface UvEdge {
  name: string;
  version: string | undefined;
  extras: string[];
}

/** Of uv: from the project over its dependencies. A name may stand there in several versions, for other machines. */
function fromUv(lock: Table, variables: MarkerVariables): PythonRequirement[] {
  if (lock["version"] !== 1) throw new Error("it is not of version 1");
  const all = tables(lock["package"]);
  const byName = Map.groupBy(all, (each) => each["name"]);
  const projects = all.filter(
    ({ source }) => isObject(source) && (source["virtual"] === "." || source["editable"] === "."),
  );
  if (projects.length !== 1) throw new Error(`it has ${projects.length} projects in the folder of the lock`);
  const edgesOf = (list: unknown): UvEdge[] =>
    tables(list)
      .filter(({ marker }) => holds(marker, variables))
      .map((each) => ({
        name: textOf(each, "name"),
        version: typeof each["version"] === "string" ? each["version"] : undefined,
        extras: Array.isArray(each["extra"]) ? each["extra"].map(String) : [],
      }));
  const found = new Map<string, PythonRequirement>();
  const seen = new Set<string>();
  const open = edgesOf(projects[0]?.["dependencies"]);
  for (let edge = open.pop(); edge !== undefined; edge = open.pop()) {
    const { name, version, extras } = edge;
    const named = (byName.get(name) ?? []).filter(
      (each) => version === undefined || each["version"] === version,
    );
    const [one] = named;
    if (one === undefined || named.length > 1) throw new Error(`it has '${name}' ${named.length} times`);
    const key = `${name} ${textOf(one, "version")}`;
    if (!found.has(key)) {
      if (!isObject(one["source"]) || typeof one["source"]["registry"] !== "string")
        throw new Error(`'${name}' is from elsewhere than an index`);
      const hashes = tables(one["wheels"]).map((wheel) => textOf(wheel, "hash").replace(/^sha256:/, ""));
      found.set(key, requirement(name, textOf(one, "version"), hashes));
    }
    const optional = isObject(one["optional-dependencies"]) ? one["optional-dependencies"] : {};
    for (const part of ["", ...extras]) {
      if (seen.has(`${key} ${part}`)) continue;
      seen.add(`${key} ${part}`);
      open.push(...edgesOf(part === "" ? one["dependencies"] : own(optional, part)));
    }
  }
  return [...found.values()];
}

/** Of Poetry 2, whose packages say to which groups they belong. */
function fromPoetry(lock: Table, variables: MarkerVariables): PythonRequirement[] {
  return tables(lock["package"]).flatMap((each): PythonRequirement[] => {
    const { groups, markers, optional } = each;
    if (!Array.isArray(groups))
      throw new Error("it does not say which groups packages belong to: lock it with Poetry 2.1 or later");
    const marker = isObject(markers) ? markers["main"] : markers;
    if (optional === true || !groups.includes("main") || !holds(marker, variables)) return [];
    const wheels = tables(each["files"]).filter((file) => textOf(file, "file").endsWith(".whl"));
    const hashes = wheels.map((file) => textOf(file, "hash").replace(/^sha256:/, ""));
    return [requirement(textOf(each, "name"), textOf(each, "version"), hashes)];
  });
}

function holds(marker: unknown, variables: MarkerVariables): boolean {
  return typeof marker !== "string" || marker.trim() === "" || evaluateMarker(marker, variables);
}

/** It becomes part of the address that the index is asked at. */
const NAME = /^[A-Za-z0-9](?:[\w.-]{0,200}[A-Za-z0-9])?$/;

function requirement(name: string, version: string, hashes: readonly string[]): PythonRequirement {
  if (!NAME.test(name)) throw new Error(`'${name.slice(0, 80)}' is not the name of a project`);
  if (!/^[\w.+!-]{1,200}$/.test(version)) throw new Error(`'${name}' has no version that is one`);
  const good = hashes.filter((hash) => /^[0-9a-f]{64}$/.test(hash));
  if (good.length === 0) throw new Error(`'${name}' has no wheel with a SHA-256`);
  return { name: normaliseName(name), version, hashes: new Set(good) };
}

function tables(value: unknown): Table[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every(isObject))
    throw new Error("what should be a list of tables is none");
  return value;
}

function textOf(table: Table, key: string): string {
  const value = table[key];
  if (typeof value !== "string") throw new Error(`a package of it has no ${key}`);
  return value;
}
