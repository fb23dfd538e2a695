// Runs inside the sandbox: lays files of packages into the new root, which is not this process's root. Links in it mean what
// they mean there, so they are followed here, by a table, and never by the kernel. Scripts of packages can leave anything in the
// place of anything: what is read and written is a file.
import {
  chmodSync,
  copyFileSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { textOf } from "#base/bytes.ts";
import { systemErrorCode } from "#base/errors.ts";

const LINKS_MAX = 40;

export class RootTree {
  readonly #root: string;
  readonly #links = new Map<string, string>();

  /** @param root absolute path, a byte string */
  constructor(root: string) {
    this.#root = root;
  }

  folder(path: string, mode = 0o755): void {
    const real = this.#real(path);
    const there = this.#kindAt(real);
    if (there === "folder") return;
    if (there !== undefined)
      throw new Error(`/${textOf(real)} is a folder in one package and none in another`);
    mkdirSync(this.#at(real));
    chmodSync(this.#at(real), mode & 0o1777);
  }

  link(path: string, target: string): void {
    const real = this.#place(path);
    this.#clear(real);
    symlinkSync(Buffer.from(target, "latin1"), this.#at(real));
    this.#links.set(real, target);
  }

  /** @param source absolute path, a byte string */
  copy(path: string, source: string, mode: number): void {
    const real = this.#place(path);
    this.#clear(real);
    copyFileSync(Buffer.from(source, "latin1"), this.#at(real));
    chmodSync(this.#at(real), mode & 0o1777);
  }

  hardLink(path: string, target: string): void {
    const real = this.#place(path);
    this.#clear(real);
    linkSync(this.#at(this.#place(target)), this.#at(real));
  }

  write(path: string, content: string | Uint8Array, mode = 0o644): void {
    const real = this.#below(path);
    if (this.#kindAt(real) === "other") rmSync(this.#at(real));
    writeFileSync(this.#at(real), content);
    chmodSync(this.#at(real), mode);
  }

  /** @throws Error where there is no file */
  read(path: string): Buffer {
    const real = this.#below(path);
    if (this.#kindAt(real) !== "file") throw new Error(`/${textOf(path)} is no file any more`);
    return readFileSync(this.#at(real));
  }

  remove(path: string): void {
    rmSync(this.#at(this.#place(path)), { recursive: true, force: true });
  }

  /** Looks again what is a link: programs ran in it. */
  look(): void {
    this.#links.clear();
    const visit = (path: string): void => {
      for (const entry of readdirSync(this.#at(path), { withFileTypes: true, encoding: "latin1" })) {
        const below = joined(path, entry.name);
        if (entry.isDirectory()) visit(below);
        else if (entry.isSymbolicLink()) this.#links.set(below, readlinkSync(this.#at(below), "latin1"));
      }
    };
    visit("");
  }

  /** Gives all that lies there one time: scripts compare times, and put them into what they make. */
  setTimes(seconds: number): void {
    const visit = (path: string): void => {
      for (const entry of readdirSync(this.#at(path), { withFileTypes: true, encoding: "latin1" })) {
        const below = joined(path, entry.name);
        if (entry.isDirectory()) visit(below);
        else lutimesSync(this.#at(below), seconds, seconds);
      }
      utimesSync(this.#at(path), seconds, seconds);
    };
    visit("");
  }

  /** The same as `#real`, and it lies in folders: a script may have put links in their places since `look`. */
  #below(path: string): string {
    const real = this.#real(path);
    for (let end = real.indexOf("/"); end >= 0; end = real.indexOf("/", end + 1))
      if (this.#kindAt(real.slice(0, end)) !== "folder")
        throw new Error(`/${textOf(real.slice(0, end))} is no folder any more`);
    return real;
  }

  #at(path: string): Buffer {
    return Buffer.from(`${this.#root}/${path}`, "latin1");
  }

  #clear(real: string): void {
    const kind = this.#kindAt(real);
    if (kind === "folder") throw new Error(`/${textOf(real)} is a folder in one package and none in another`);
    if (kind !== undefined) rmSync(this.#at(real));
    this.#links.delete(real);
  }

  #kindAt(real: string): "folder" | "file" | "other" | undefined {
    try {
      const stats = lstatSync(this.#at(real));
      return stats.isDirectory() ? "folder" : stats.isFile() ? "file" : "other";
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** The path with all links but the last part's followed. */
  #place(path: string): string {
    const slash = path.lastIndexOf("/");
    const parent = slash < 0 ? "" : this.#real(path.slice(0, slash));
    return joined(parent, path.slice(slash + 1));
  }

  #real(path: string): string {
    let open = path.split("/").filter((part) => part !== "");
    let done = "";
    for (let followed = 0; open.length > 0;) {
      const [part = "", ...rest] = open;
      open = rest;
      if (part === ".") continue;
      if (part === "..") {
        done = done.slice(0, Math.max(done.lastIndexOf("/"), 0));
        continue;
      }
      const next = joined(done, part);
      const target = this.#links.get(next);
      if (target === undefined) {
        done = next;
        continue;
      }
      followed += 1;
      if (followed > LINKS_MAX) throw new Error(`the links of /${textOf(path)} lead in a circle`);
      if (target.startsWith("/")) done = "";
      open = [...target.split("/").filter((each) => each !== ""), ...open];
    }
    return done;
  }
}

function joined(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
