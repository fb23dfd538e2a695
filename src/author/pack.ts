// What becomes a package of a distribution: `export const hello = pack({ name: "hello", programs: { hello: built.file("hello") } })`.
// It is no stage: `pipelite pack` reads it beside the run whose outputs it names.
import { handleOf, isFileOf, isNode } from "./nodes.ts";
import type { AnyNode, FileOf } from "./nodes.ts";
import { knownOptions } from "./options.ts";
import { checkImage, type ImageOptions } from "./pack-image.ts";
import { refuseSecrets } from "./secret.ts";
import { callerPlace } from "./source-position.ts";
import { pipeliteError } from "./errors.ts";

/** What runs in the background, as root or another user: a unit of systemd, and a script of OpenRC for apk. */
export interface ServiceOptions {
  readonly description: string;
  /** One of `programs`, and its words. */
  readonly command: readonly [program: string, ...words: string[]];
  /** Default: root. */
  readonly user?: string;
}

/** Text of shell scripts that run as root on the machine that installs. */
export interface ScriptOptions {
  /** Before its files are there, at a first installation and at an upgrade. */
  readonly beforeInstall?: string;
  /** When its files are there, at a first installation and at an upgrade. */
  readonly afterInstall?: string;
  /** Before its files go, and not at an upgrade. */
  readonly beforeRemove?: string;
  /** When its files are gone, and not at an upgrade. */
  readonly afterRemove?: string;
}

export interface PackOptions {
  /** Lower case letters, digits and `+`, `-`, `.`: a name that every distribution can say. */
  readonly name: string;
  /** Numbers with dots between them, and at the end perhaps `~rc1` or another that is before the release. */
  readonly version: string;
  /** One line, or a line and paragraphs below it. */
  readonly description: string;
  /** An expression of SPDX. */
  readonly licence: string;
  /** `Anna Example <anna@example.org>` */
  readonly maintainer: string;
  readonly homepage?: string;
  /** Of the release, `2026-11-30`: the time of each file in the packages. SOURCE_DATE_EPOCH goes before it. */
  readonly date?: string;
  /** `/usr/bin/NAME` -> the program. */
  readonly programs?: Readonly<Record<string, FileOf | AnyNode<never>>>;
  /** `hello.1` -> the page. */
  readonly manPages?: Readonly<Record<string, FileOf | AnyNode<never>>>;
  /** By shell: name of the program -> its completions. */
  readonly completions?: Readonly<
    Partial<Record<"bash" | "fish" | "zsh", Readonly<Record<string, FileOf | AnyNode<never>>>>>
  >;
  /** `/usr/share/PACKAGE/NAME` -> an output, or a file or folder of one. */
  readonly data?: Readonly<Record<string, FileOf | AnyNode<never>>>;
  /** `/etc/...` -> the file; what its user changes stays at an upgrade. */
  readonly configuration?: Readonly<Record<string, FileOf | AnyNode<never>>>;
  readonly services?: Readonly<Record<string, ServiceOptions>>;
  readonly scripts?: ScriptOptions;
  readonly image?: ImageOptions;
}

/** What `pack` returns: to be exported by pipeline.ts. */
export interface Pack extends PackOptions {
  readonly kind: "pack";
  readonly place: string;
}

const OPTIONS = [
  "name",
  "version",
  "description",
  "licence",
  "maintainer",
  "homepage",
  "date",
  "programs",
  "manPages",
  "completions",
  "data",
  "configuration",
  "services",
  "scripts",
  "image",
];
const NEEDED = ["name", "version", "description", "licence", "maintainer"] as const;
const SERVICE = ["description", "command", "user"];
const SCRIPTS = ["beforeInstall", "afterInstall", "beforeRemove", "afterRemove"];

/** A package of a distribution: deb, rpm, apk. What it names must be a result of the pipeline, or made by one of its stages. */
export function pack(options: PackOptions): Pack {
  const place = callerPlace();
  refuseSecrets(options, place);
  knownOptions(options, OPTIONS, place);
  const wrong = (problem: string) => pipeliteError("PACK_INVALID", { place, problem });
  for (const name of NEEDED)
    if (typeof options[name] !== "string" || options[name].trim() === "")
      throw wrong(`it needs a text as '${name}'`);
  const { homepage, date, programs = {}, manPages, completions = {}, data, configuration } = options;
  if (homepage !== undefined && !/^https?:\/\/[!-~]+$/.test(homepage))
    throw wrong(`'${homepage}' is not the address of a homepage`);
  if (date !== undefined && !(Date.parse(`${date}T00:00:00Z`) >= 0))
    throw wrong(`'${date}' is no date such as 2026-11-30, from 1970 on`);
  if (!/^[^<>\n]+ <[^<>@\s]+@[^<>@\s]+>$/.test(options.maintainer))
    throw wrong(`'${options.maintainer}' is no maintainer such as Anna Example <anna@example.org>`);
  knownOptions(completions, ["bash", "fish", "zsh"], place);
  const places = { programs, manPages, data, configuration, ...completions };
  for (const [what, files = {}] of Object.entries(places))
    for (const [name, file] of Object.entries(files)) {
      if (!isFileOf(file) && !isNode(file)) throw wrong(`${what} '${name}' is no output and no file of one`);
      if (isNode(file)) handleOf(file);
      const isPlain = what === "configuration" ? /^\/etc\/[^\0]*[^/\0]$/ : /^[^/\0][^/\0]*$/;
      const parts = name.split("/");
      if (!isPlain.test(name) || parts.some((part) => part === "." || part === "..") || name.includes("//"))
        throw wrong(`${what} cannot be called '${name}'`);
    }
  for (const page of Object.keys(manPages ?? {}))
    if (!/^.+\.[1-9][a-z]*$/.test(page)) throw wrong(`the manual page '${page}' has no section at its end`);
  checkServices(options, place, wrong);
  checkImage(options.image ?? {}, options.programs ?? {}, { place, wrong });
  return Object.freeze({ kind: "pack", place, ...options });
}

function checkServices(
  { services = {}, programs = {}, scripts = {} }: PackOptions,
  place: string,
  wrong: (problem: string) => Error,
): void {
  for (const [name, service] of Object.entries(services)) {
    knownOptions(service, SERVICE, place);
    const { description, command, user = "root" } = service;
    if (!/^[A-Za-z0-9][\w.@-]*$/.test(name)) throw wrong(`a service cannot be called '${name}'`);
    if (typeof description !== "string" || !/^[^\n]+$/.test(description))
      throw wrong(`the service '${name}' needs a description of one line`);
    if (!/^[a-z_][a-z0-9_-]*$/.test(user)) throw wrong(`'${user}' is not the name of a user`);
    const words = Array.isArray(command) ? (command as readonly unknown[]) : [];
    const [program] = words;
    if (typeof program !== "string" || !Object.hasOwn(programs, program))
      throw wrong(`the service '${name}' starts no program of this package`);
    if (!words.every((word) => typeof word === "string" && /^[\w@%+=:,./-]+$/.test(word)))
      throw wrong(`a word of the service '${name}' is more than letters, digits and @ % + = : , . / -`);
  }
  knownOptions(scripts, SCRIPTS, place);
  for (const [name, text] of Object.entries(scripts))
    if (typeof text !== "string" || text.includes("\0")) throw wrong(`the script '${name}' is no text`);
}

export function isPack(value: unknown): value is Pack {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "pack";
}
