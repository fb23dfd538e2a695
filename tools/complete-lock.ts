// `node tools/complete-lock.ts`, after `npm install` on a registry that does not carry the binaries for other platforms:
// npm then leaves them out of package-lock.json, and `npm ci` refuses that file. This adds an entry for each, by the
// platform that its name tells; it is never fetched on another platform. Where the registry has the package, npm's own
// entry, with its integrity, stays.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Entry {
  version?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  license?: string;
  optionalDependencies?: Record<string, string>;
}

const file = join(import.meta.dirname, "../package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8")) as { packages: Record<string, Entry> };

const PLATFORM =
  /\b(android|darwin|freebsd|netbsd|openbsd|linux|openharmony|win32|sunos|aix)-(arm64|arm|x64|ia32|ppc64|riscv64|s390x|loong64|mips64el)(?:-(gnu|musl|msvc|eabi|gnueabihf|musleabihf))?$/;

for (const [name, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  if (!name.startsWith("node_modules/")) continue;
  for (const [dependency, version] of Object.entries(optionalDependencies)) {
    const [, os, cpu, abi] = PLATFORM.exec(dependency) ?? [];
    const key = `node_modules/${dependency}`;
    if (lock.packages[key] !== undefined || os === undefined || cpu === undefined) continue;
    const libc = abi?.startsWith("musl")
      ? ["musl"]
      : os === "linux" && abi?.startsWith("gnu")
        ? ["glibc"]
        : undefined;
    lock.packages[key] = {
      version,
      cpu: [cpu],
      ...(dev && { dev }),
      ...(libc && { libc }),
      optional: true,
      os: [os],
    };
  }
}

const packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify({ ...lock, packages }, null, 2)}\n`);
