// Where archives of packages are on this machine. Mirrors are configuration: they say where bytes come from, and every
// byte is held against a hash, so they are no part of what an environment is, and no record or lock names one.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Variables } from "#base/environment.ts";
import { readNamedText } from "#base/files.ts";
import { parseStanzas } from "#package/deb822.ts";
import { pipeliteError } from "./errors.ts";

/** Addresses of an archive, best first, without a slash at the end. */
export interface Mirrors {
  of(archive: string): readonly string[];
}

const APT = "/etc/apt";

/**
 * `PIPELITE_MIRRORS`: `NAME=URL`s with blanks between them, NAME being `debian`, `debian-security`, `snapshot` or that of a
 * repository. For what it does not name, the sources that apt has on this machine.
 */
export function mirrorsOf(env: Variables, apt: string = APT): Mirrors {
  const given = new Map<string, string[]>();
  for (const word of (env["PIPELITE_MIRRORS"] ?? "").split(/\s+/).filter(Boolean)) {
    const equals = word.indexOf("=");
    const [name, url] = [word.slice(0, Math.max(equals, 0)), word.slice(equals + 1).replace(/\/+$/, "")];
    if (name === "" || !URL.canParse(url)) {
      // A password of the address is not shown.
      throw pipeliteError("MIRROR_INVALID", { word: word.replace(/\/\/.*@/s, "//") });
    }
    given.set(name, [...(given.get(name) ?? []), url]);
  }
  let sources: readonly AptSource[] | undefined;
  return {
    of: (archive) => {
      const known = given.get(archive);
      if (known !== undefined) return known;
      sources ??= readAptSources(apt);
      const urls = sources.filter((source) => archiveOf(source) === archive).map(({ url }) => url);
      return [...new Set(urls)];
    },
  };
}

interface AptSource {
  url: string;
  suite: string;
  components: string[];
}

/** Debian's two archives are told by the suites that they have: `bookworm`, `bookworm-updates`; `bookworm-security`. */
function archiveOf({ suite, components }: AptSource): string | undefined {
  if (!components.includes("main")) return undefined;
  if (/^[a-z]+(-security|\/updates)$/.test(suite)) return "debian-security";
  return /^(buster|bullseye|bookworm|trixie|forky|duke|sid|stable|oldstable|testing|unstable)(-updates|-backports)?$/.test(
    suite,
  )
    ? "debian"
    : undefined;
}

/** One-line and deb822 sources (sources.list(5)); what is switched off, or of another kind, is left out. */
export function readAptSources(apt: string): AptSource[] {
  const folder = join(apt, "sources.list.d");
  const names = existsSync(folder) ? readdirSync(folder).toSorted() : [];
  const files = ["sources.list", ...names.map((name) => join("sources.list.d", name))];
  return files.flatMap((file) => {
    const path = join(apt, file);
    if (!existsSync(path)) return [];
    const text = readNamedText(path);
    return file.endsWith(".sources") ? fromStanzas(text) : file.endsWith(".list") ? fromLines(text) : [];
  });
}

function fromStanzas(text: string): AptSource[] {
  return parseStanzas(text).flatMap((stanza) => {
    const words = (field: string) => (stanza.get(field) ?? "").split(/\s+/).filter(Boolean);
    if (!words("types").includes("deb") || stanza.get("enabled") === "no") return [];
    return words("uris").flatMap((url) =>
      words("suites").map((suite) => ({
        url: url.replace(/\/+$/, ""),
        suite,
        components: words("components"),
      })),
    );
  });
}

function fromLines(text: string): AptSource[] {
  return text.split("\n").flatMap((line) => {
    const [, url, suite, components] =
      /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)((?:\s+[^\s#]+)*)/.exec(line) ?? [];
    if (url === undefined || suite === undefined) return [];
    return [
      { url: url.replace(/\/+$/, ""), suite, components: (components ?? "").split(/\s+/).filter(Boolean) },
    ];
  });
}
