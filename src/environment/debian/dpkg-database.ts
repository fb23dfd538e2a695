// Runs inside the sandbox: writes what dpkg keeps of packages that it has unpacked, so that it need only configure them.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseStanza } from "#package/deb822.ts";
import type { Unpacked } from "./debian-unpack.ts";
import type { RootTree } from "./root-tree.ts";

export interface PackageIn {
  name: string;
  architecture: string;
  /** Where its unpacked form is. */
  path: string;
  list: Unpacked;
  /** Its control file, as it is. */
  control: string;
  conffiles: ReadonlySet<string>;
  isSame: boolean;
}

const INFO = "var/lib/dpkg/info";
const TRIGGERS = "var/lib/dpkg/triggers";

export function readPackage(name: string, path: string): PackageIn {
  const control = readFileSync(join(path, "control/control"), "utf8").trimEnd();
  const fields = parseStanza(control);
  return {
    name,
    architecture: fields.get("architecture") ?? "all",
    path,
    list: JSON.parse(readFileSync(join(path, "list.json"), "utf8")) as Unpacked,
    control,
    conffiles: new Set(conffilesOf(path)),
    isSame: fields.get("multi-arch") === "same",
  };
}

/** Those that are laid down; paths without the first slash. */
function conffilesOf(path: string): string[] {
  return controlLines(path, "conffiles")
    .filter((line) => !line.startsWith("remove-on-upgrade"))
    .map((line) => line.trim().replace(/^\//, ""));
}

function controlLines(path: string, name: string): string[] {
  if (!readdirSync(join(path, "control")).includes(name)) return [];
  const lines = readFileSync(join(path, "control", name), "utf8").split("\n");
  return lines.map((line) => line.replace(/#.*/, "").trim()).filter((line) => line !== "");
}

export class DpkgDatabase {
  readonly #tree: RootTree;
  readonly #packages: PackageIn[] = [];
  #status = "";

  constructor(tree: RootTree) {
    this.#tree = tree;
    for (const folder of [
      "var",
      "var/lib",
      "var/lib/dpkg",
      INFO,
      TRIGGERS,
      "var/lib/dpkg/updates",
      "var/lib/dpkg/alternatives",
      "var/lib/dpkg/parts",
    ])
      tree.folder(folder);
    tree.write(`${INFO}/format`, "1\n");
    for (const file of ["available", "diversions", "statoverride", "status"])
      tree.write(`var/lib/dpkg/${file}`, "");
  }

  /** Packages whose files lie there now, and that are to be configured. */
  add(packages: readonly PackageIn[]): void {
    // dpkg has rewritten it since packages were added last.
    this.#status = this.#tree.read("var/lib/dpkg/status").toString("latin1");
    for (const each of packages) {
      this.#packages.push(each);
      this.#addInfo(each);
      this.#status += `${statusOf(each)}\n\n`;
    }
    this.#tree.write("var/lib/dpkg/status", Buffer.from(this.#status, "latin1"));
    this.#addTriggers(packages);
  }

  #addInfo({ name, architecture, path, list, isSame }: PackageIn): void {
    const base = `${INFO}/${isSame ? `${name}:${architecture}` : name}`;
    const lines = list.entries.map((entry) => (entry.path === "" ? "/." : `/${entry.path}`));
    this.#tree.write(`${base}.list`, Buffer.from(`${lines.join("\n")}\n`, "latin1"));
    for (const file of readdirSync(join(path, "control"))) {
      if (file === "control") continue;
      const isScript = ["preinst", "postinst", "prerm", "postrm", "config"].includes(file);
      this.#tree.write(
        `${base}.${file}`,
        readFileSync(join(path, "control", file)),
        isScript ? 0o755 : 0o644,
      );
    }
  }

  /** What must be run when all are configured: interests in files that lie there, and what packages activate. */
  #addTriggers(packages: readonly PackageIn[]): void {
    const fileInterests: { path: string; name: string; noAwait: boolean }[] = [];
    const named = new Map<string, string[]>();
    const pending = new Set<string>();
    for (const { name, path } of this.#packages) {
      for (const line of controlLines(path, "triggers")) {
        const [directive = "", trigger = ""] = line.split(/\s+/);
        if (!directive.startsWith("interest")) continue;
        const noAwait = directive === "interest-noawait";
        if (trigger.startsWith("/")) fileInterests.push({ path: trigger, name, noAwait });
        else named.set(trigger, [...(named.get(trigger) ?? []), `${name}${noAwait ? "/noawait" : ""}`]);
      }
    }
    for (const { path, list } of packages) {
      for (const line of controlLines(path, "triggers")) {
        const [directive = "", trigger = ""] = line.split(/\s+/);
        if (directive.startsWith("activate")) pending.add(trigger);
      }
      for (const { path: interest } of fileInterests) {
        const isBelow = ({ path: file }: { path: string }) => `/${file}/`.startsWith(`${interest}/`);
        if (list.entries.some(isBelow)) pending.add(interest);
      }
    }
    const wanted = new Set([...named.keys(), ...fileInterests.map(({ path }) => path)]);
    const lines = fileInterests.map(
      ({ path, name, noAwait }) => `${path} ${name}${noAwait ? "/noawait" : ""}`,
    );
    this.#tree.write(`${TRIGGERS}/File`, lines.map((line) => `${line}\n`).join(""));
    for (const [trigger, names] of named)
      this.#tree.write(`${TRIGGERS}/${trigger}`, names.map((each) => `${each}\n`).join(""));
    const due = [...pending].filter((trigger) => wanted.has(trigger)).toSorted();
    this.#tree.write(`${TRIGGERS}/Unincorp`, due.map((trigger) => `${trigger} -\n`).join(""));
  }
}

function statusOf({ control, conffiles }: PackageIn): string {
  const lines = Buffer.from(control, "utf8").toString("latin1").split("\n");
  const [first = "", ...rest] = lines;
  const files = [...conffiles].map((path) => ` /${path} newconffile`);
  const extra = files.length === 0 ? [] : ["Conffiles:", ...files];
  return [first, "Status: install ok unpacked", ...rest, ...extra].join("\n");
}
