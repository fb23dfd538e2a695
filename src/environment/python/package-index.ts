// The index of packages that pip of this machine asks (PEP 503, 691): which files a project has. Where it is, is
// configuration: no lock, derivation or record has it.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Variables } from "#base/environment.ts";
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { BadAnswer, downloadBytes } from "#base/web.ts";
import { downloadTo, reasonOf } from "#environment/download.ts";
import { pipeliteError } from "#environment/errors.ts";
import type { Mirrors } from "#environment/mirrors.ts";
import type { InIndex, LockedFile } from "#environment/step.ts";

export interface IndexAccess {
  mirrors: Mirrors;
  env: Variables;
  signal: AbortSignal;
}

export interface IndexFile {
  name: string;
  url: string;
  sha256: string | undefined;
  size: number | undefined;
}

const PAGE_BYTES_MAX = 256 * 2 ** 20;
/** What pip asks where nobody says otherwise. */
const DEFAULT = "https://pypi.org/simple";

/** Writes a wheel to `target`. @throws PipeliteError WHEEL_UNAVAILABLE, FILE_HASH_DIFFERS */
export async function getWheel(
  { name, sha256, size, from }: LockedFile & { from: InIndex },
  target: string,
  access: IndexAccess,
): Promise<void> {
  const file = (await indexFilesOf(from.project, access)).find((each) => each.name === name);
  if (file === undefined) throw unavailable(name, "the index has it no more");
  const got = await fetchWheel(file, { target, most: size }, access);
  if (got === sha256) return;
  throw pipeliteError("FILE_HASH_DIFFERS", { file: name, archive: "of Python", wanted: sha256, got });
}

/** @returns the SHA-256 of what came. @throws PipeliteError WHEEL_UNAVAILABLE */
export async function fetchWheel(
  { name, url }: IndexFile,
  { target, most }: { target: string; most: number },
  { signal }: IndexAccess,
): Promise<string> {
  try {
    const { address, headers } = addressOf(url);
    return await downloadTo(address, { file: target, most, headers, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw unavailable(name, reasonOf(error));
  }
}

/** All files of a project, of all indices. @throws PipeliteError WHEEL_UNAVAILABLE */
export async function indexFilesOf(project: string, access: IndexAccess): Promise<IndexFile[]> {
  const found: IndexFile[] = [];
  let last: unknown;
  for (const index of indicesOf(access)) {
    try {
      found.push(...(await readPage(`${index.replace(/\/+$/, "")}/${project}/`, access.signal)));
    } catch (error) {
      if (access.signal.aborted) throw error;
      last = error;
    }
  }
  if (found.length > 0 || last === undefined) return found;
  const isUnknown = last instanceof BadAnswer && last.status === 404;
  throw unavailable(project, isUnknown ? "the index does not know it" : reasonOf(last));
}

function unavailable(file: string, problem: string): Error {
  return pipeliteError("WHEEL_UNAVAILABLE", { file, problem });
}

async function readPage(url: string, signal: AbortSignal): Promise<IndexFile[]> {
  const { address, headers } = addressOf(url);
  const accept = "application/vnd.pypi.simple.v1+json, text/html;q=0.1";
  const bytes = await downloadBytes(address, {
    headers: { ...headers, accept },
    most: PAGE_BYTES_MAX,
    signal,
  });
  const text = bytes.toString("utf8");
  return text.trimStart().startsWith("{") ? fromJson(parseStrictJson(text), url) : fromHtml(text, url);
}

function fromJson(page: unknown, base: string): IndexFile[] {
  const files = isObject(page) && Array.isArray(page["files"]) ? page["files"] : [];
  return files.filter(isObject).flatMap(({ filename, url, hashes, size }) => {
    if (typeof filename !== "string" || typeof url !== "string" || !URL.canParse(url, base)) return [];
    const sha256 = isObject(hashes) && typeof hashes["sha256"] === "string" ? hashes["sha256"] : undefined;
    const known = Number.isSafeInteger(size) && Number(size) > 0 ? Number(size) : undefined;
    return [{ name: filename, url, sha256, size: known }].flatMap((file) => onServer(file, base));
  });
}

/** By hand: a pattern over all of the page would look at the rest of it from each place again. */
function fromHtml(page: string, base: string): IndexFile[] {
  const found: IndexFile[] = [];
  const anchor = /<a(?=\s)/gi;
  for (let match = anchor.exec(page); match !== null; match = anchor.exec(page)) {
    const end = page.indexOf(">", anchor.lastIndex);
    const close = end < 0 ? -1 : page.indexOf("<", end);
    if (close < 0) break;
    anchor.lastIndex = close;
    if (page.slice(close, close + 4).toLowerCase() !== "</a>") continue;
    const tag = page.slice(match.index, end);
    const url = (/\shref\s*=\s*["']([^"']*)["']/i.exec(tag)?.[1] ?? "").replaceAll("&amp;", "&");
    if (url === "" || !URL.canParse(url, base)) continue;
    const sha256 = /#sha256=([0-9a-f]{64})/.exec(url)?.[1];
    const name = page.slice(end + 1, close).trim();
    found.push(...onServer({ name, url: url.replace(/#.*$/s, ""), sha256, size: undefined }, base));
  }
  return found;
}

/** A server names files of servers: one on this machine can be a pipe, and is nobody else's business. */
function onServer(file: IndexFile, base: string): IndexFile[] {
  const isLocal = new URL(file.url, base).protocol === "file:";
  return isLocal && new URL(base).protocol !== "file:" ? [] : [{ ...file, url: within(file.url, base) }];
}

/** What is on the same server is asked for as whoever asked the index. */
function within(url: string, base: string): string {
  const [index, file] = [new URL(base), new URL(url, base)];
  if (file.origin === index.origin && file.username === "") {
    file.username = index.username;
    file.password = index.password;
  }
  return file.href;
}

function addressOf(url: string): { address: string; headers: Record<string, string> } {
  const parsed = new URL(url);
  const { username, password } = parsed;
  if (username === "") return { address: url, headers: {} };
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  parsed.username = "";
  parsed.password = "";
  return {
    address: parsed.href,
    headers: { authorization: `Basic ${Buffer.from(user).toString("base64")}` },
  };
}

/** Those of PIPELITE_MIRRORS (`pypi=URL`), else those of pip: of its variables, else of its files. */
function indicesOf({ mirrors, env }: IndexAccess): readonly string[] {
  const own = mirrors.of("pypi");
  if (own.length > 0) return own;
  const files = pipFiles(env).map(readPipFile);
  const setting = (name: string): string =>
    env[`PIP_${name.toUpperCase().replaceAll("-", "_")}`] ??
    files.findLast((each) => each.has(name))?.get(name) ??
    "";
  const words = [setting("index-url") || DEFAULT, ...setting("extra-index-url").split(/\s+/)];
  return words.filter((each) => URL.canParse(each));
}

/** The later ones count more (pip, "Configuration"). */
function pipFiles({ HOME: home, XDG_CONFIG_HOME: config, PIP_CONFIG_FILE: given }: Variables): string[] {
  if (given === "/dev/null") return [];
  const own = [
    "/etc/xdg/pip/pip.conf",
    "/etc/pip.conf",
    home && join(home, ".pip/pip.conf"),
    config ? join(config, "pip/pip.conf") : home && join(home, ".config/pip/pip.conf"),
    given,
  ];
  return own.filter((file): file is string => file !== undefined && file !== "");
}

/** What its sections `global` and `install` say. */
function readPipFile(file: string): Map<string, string> {
  const settings = new Map<string, string>();
  if (!existsSync(file)) return settings;
  let [section, key] = ["", ""];
  for (const line of readFileSync(file, "utf8").split(/\r?\n/)) {
    const heading = /^\[(\w+)\]/.exec(line)?.[1];
    const [, name, value = ""] = /^([\w-]+)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (heading !== undefined) section = heading;
    else if (section !== "global" && section !== "install") continue;
    else if (name !== undefined) {
      key = name.toLowerCase().replaceAll("_", "-");
      settings.set(key, value.trim());
    } else if (/^\s+[^\s#;]/.test(line)) settings.set(key, `${settings.get(key) ?? ""} ${line.trim()}`);
  }
  return settings;
}
