// What packages say of themselves: package.json, Debian's control files and copyright, the database of apk, METADATA of
// wheels, labels of images. All of it is a stranger's text: what has not the form that it should have counts as not there.
import { isObject } from "#base/strict-json.ts";
import { parseStanzas, type Stanza } from "#package/deb822.ts";
import { normaliseName } from "#package/wheel.ts";
import type { BomPackage, Party } from "./bom.ts";
import { joinLicences, licenceOf } from "./licence.ts";
import { purlOf } from "./purl.ts";
import { cleanText } from "./text.ts";

const NAME_MAX = 214;
const VERSION_MAX = 256;
const PARTY_MAX = 200;
const URL_MAX = 500;

/** @param fallback the name that its folder says, for one without any */
export function npmFacts(manifest: unknown, fallback: string): BomPackage {
  const members = isObject(manifest) ? manifest : {};
  const name = cleanText(members["name"], NAME_MAX) ?? fallback;
  const version = cleanText(members["version"], VERSION_MAX);
  const [scope, bare] = name.startsWith("@") && name.includes("/") ? splitOnce(name, "/") : [undefined, name];
  return facts({
    name,
    version,
    purl: purlOf({ type: "npm", namespace: scope, name: bare, version }),
    licence: npmLicence(members),
    supplier: npmParty(members["author"]) ?? npmParty(listOf(members["maintainers"])[0]),
    vcs: urlOf(isObject(members["repository"]) ? members["repository"]["url"] : members["repository"]),
  });
}

/** The form of today, and those of before it: an object, or a list of which one is to be chosen. */
function npmLicence({ license, licenses }: Readonly<Record<string, unknown>>) {
  const one = (value: unknown) => licenceOf(isObject(value) ? value["type"] : value);
  const single = one(license);
  return (
    single ??
    joinLicences(
      listOf(licenses).flatMap((each) => one(each) ?? []),
      "OR",
    )
  );
}

/** `Anna Ng <anna@example.org> (https://example.org)`, or an object with these. */
function npmParty(value: unknown): Party | undefined {
  if (isObject(value)) return partyOf(value["name"], value["email"], value["url"]);
  const text = cleanText(value, PARTY_MAX);
  if (text === undefined) return undefined;
  const [, name, email, url] = /^([^<(]*)(?:<([^>]*)>)?\s*(?:\(([^)]*)\))?/.exec(text) ?? [];
  return partyOf(name, email, url);
}

function partyOf(name: unknown, email?: unknown, url?: unknown): Party | undefined {
  const text = cleanText(name, PARTY_MAX);
  if (text === undefined) return undefined;
  const mail = cleanText(email, PARTY_MAX);
  const page = urlOf(url);
  const isMail = mail !== undefined && /^[^\s@<>()"]+@[^\s@<>()"]+$/.test(mail);
  return { name: text, ...(isMail && { email: mail }), ...(page !== undefined && { url: page }) };
}

/** Which Debian, or what is made of it, a root is: `os-release(5)`. */
export interface Distribution {
  id: string;
  version?: string;
}

export function distributionOf(osRelease: string): Distribution | undefined {
  const field = (name: string) =>
    cleanText(new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(osRelease)?.[1], 64);
  const id = field("ID");
  if (id === undefined || !/^[a-z0-9._-]+$/.test(id)) return undefined;
  const version = field("VERSION_ID");
  return { id, ...(version !== undefined && { version }) };
}

/** Packages of dpkg: those that `status` has as installed, or the one of a control file. */
export function debianPackages(text: string, distribution: Distribution | undefined): BomPackage[] {
  return parseStanzas(text)
    .filter((stanza) => (stanza.get("status") ?? " installed").endsWith(" installed"))
    .flatMap((stanza) => debianPackage(stanza, distribution) ?? []);
}

function debianPackage(stanza: Stanza, distribution: Distribution | undefined): BomPackage | undefined {
  const name = cleanText(stanza.get("package"), NAME_MAX);
  if (name === undefined || !/^[a-z0-9][a-z0-9+.-]*$/.test(name)) return undefined;
  const version = cleanText(stanza.get("version"), VERSION_MAX);
  const architecture = cleanText(stanza.get("architecture"), 32);
  const [, maintainer, email] =
    /^(.*?)\s*(?:<([^>]*)>)?$/.exec(cleanText(stanza.get("maintainer"), PARTY_MAX) ?? "") ?? [];
  const { id, version: release } = distribution ?? {};
  const distro = release === undefined ? id : `${id}-${release}`;
  return facts({
    name,
    version,
    architecture,
    // A package of an unknown distribution has no name in a registry.
    purl:
      id && purlOf({ type: "deb", namespace: id, name, version, qualifiers: { arch: architecture, distro } }),
    supplier: partyOf(maintainer, email),
  });
}

/** The database of what apk has installed (`lib/apk/db/installed`). */
export function apkPackages(text: string, distribution: Distribution | undefined): BomPackage[] {
  return text.split(/\n\n+/).flatMap((stanza) => {
    const field = (key: string) => cleanText(new RegExp(`^${key}:(.*)$`, "m").exec(stanza)?.[1], PARTY_MAX);
    const [name, version, arch] = [field("P"), field("V"), field("A")];
    if (name === undefined || !/^[\w.+-]+$/.test(name)) return [];
    const { id, version: release } = distribution ?? {};
    const distro = release === undefined ? id : `${id}-${release}`;
    const [, maintainer, email] = /^(.*?)\s*(?:<([^>]*)>)?$/.exec(field("m") ?? "") ?? [];
    const purl = id && purlOf({ type: "apk", namespace: id, name, version, qualifiers: { arch, distro } });
    return [
      facts({ name, version, purl, licence: licenceOf(field("L")), supplier: partyOf(maintainer, email) }),
    ];
  });
}

/** METADATA of a wheel (Core metadata 2.4). */
export function wheelFacts(metadata: string): BomPackage | undefined {
  const [head = ""] = metadata.replaceAll("\r\n", "\n").split("\n\n", 1);
  const fields = head.replaceAll(/\n[ \t]+/g, " ").split("\n");
  const all = (key: string) =>
    fields.flatMap((line) =>
      line.toLowerCase().startsWith(`${key}:`) ? line.slice(key.length + 1).trim() : [],
    );
  const one = (key: string) => all(key).find((value) => value !== "" && value !== "UNKNOWN");
  const name = cleanText(one("name"), NAME_MAX);
  if (name === undefined) return undefined;
  const version = cleanText(one("version"), VERSION_MAX);
  const ours = all("classifier").flatMap(
    (each) => /^License :: (?:OSI Approved :: )?(.+)$/.exec(each)?.[1] ?? [],
  );
  const licence =
    licenceOf(one("license-expression")) ??
    licenceOf(one("license")) ??
    joinLicences(
      ours.flatMap((each) => licenceOf(each) ?? []),
      "AND",
    );
  const pages = all("project-url").flatMap(
    (each) => /^(?:source|repository|source code)\s*,\s*(\S+)$/i.exec(each)?.[1] ?? [],
  );
  return facts({
    name,
    version,
    purl: purlOf({ type: "pypi", name: normaliseName(name), version }),
    licence,
    supplier:
      mailParty(one("author"), one("author-email")) ?? mailParty(one("maintainer"), one("maintainer-email")),
    vcs: urlOf(pages[0]),
  });
}

/** A name, or the one that stands with the address: `Anna Ng <anna@example.org>`. */
function mailParty(name: string | undefined, written: string | undefined): Party | undefined {
  // Spaces without an end would be tried in every division.
  const mail = cleanText(written, PARTY_MAX);
  const [, inMail, email] = /^\s*"?([^<",]*)"?\s*<([^>]*)>/.exec(mail ?? "") ?? [];
  return partyOf(name ?? inMail, email ?? mail);
}

/** Labels of the configuration of an image (`org.opencontainers.image.*`); undefined for what is no such configuration. */
export function imageFacts(config: unknown): BomPackage | undefined {
  if (!isObject(config) || !isObject(config["rootfs"]) || !isObject(config["config"])) return undefined;
  const { Labels } = config["config"];
  const labels = isObject(Labels) ? Labels : {};
  const label = (key: string, most: number) => cleanText(labels[`org.opencontainers.image.${key}`], most);
  const vendor = partyOf(label("vendor", PARTY_MAX) ?? label("authors", PARTY_MAX));
  const name = label("title", NAME_MAX);
  if (name === undefined) return undefined;
  return facts({
    name,
    version: label("version", VERSION_MAX),
    licence: licenceOf(label("licenses", URL_MAX)),
    supplier: vendor && {
      ...vendor,
      ...(label("vendor", PARTY_MAX) !== undefined && { isOrganisation: true }),
    },
    vcs: urlOf(label("source", URL_MAX)),
  });
}

/** The part of a store path behind its hash as Nix reads it: a version begins at the first dash that no letter follows. */
export function parseObjectName(name: string): { name: string; version?: string } {
  const at = /-(?=[^a-zA-Z])/.exec(name)?.index;
  return at === undefined || at === 0 ? { name } : { name: name.slice(0, at), version: name.slice(at + 1) };
}

function urlOf(value: unknown): string | undefined {
  const text = cleanText(value, URL_MAX);
  return text !== undefined &&
    /^(git\+)?(https?|ssh|git):\/\/[^\s<>"\\^`{|}]+$/.test(text) &&
    URL.canParse(text)
    ? text
    : undefined;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value.slice(0, 100) : [];
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Without what is not known. */
function facts(known: { [K in keyof BomPackage]: BomPackage[K] | undefined } & { name: string }): BomPackage {
  return Object.fromEntries(
    Object.entries(known).filter(([, value]) => value !== undefined),
  ) as unknown as BomPackage;
}
