// Runs inside the sandbox: takes out of a root what differs from one making to the next, and what no two machines may share
// (keys, machine ids), and copies what is left.
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { withTime } from "#package/java-keystore.ts";

/** Emptied: caches, logs, and what is there only while something runs. */
const EMPTIED = [
  "dev",
  "proc",
  "run",
  "tmp",
  "root",
  "var/tmp",
  "var/log",
  "var/cache/apt",
  "var/lib/apt/lists",
];

const REMOVED = [
  "usr/sbin/policy-rc.d",
  "var/lib/dpkg/tmp.ci",
  "etc/machine-id",
  "var/lib/dbus/machine-id",
  "etc/.pwd.lock",
  ...["passwd-", "group-", "shadow-", "gshadow-", "subuid-", "subgid-"].map((name) => `etc/${name}`),
  ...["resolv.conf", "hostname", "mailname"].map((name) => `etc/${name}`),
  "var/cache/ldconfig/aux-cache",
  ...[
    "status-old",
    "available-old",
    "lock",
    "lock-frontend",
    "triggers/Lock",
    "diversions-old",
    "statoverride-old",
  ].map((name) => `var/lib/dpkg/${name}`),
  ...["config.dat-old", "passwords.dat-old", "templates.dat-old"].map((name) => `var/cache/debconf/${name}`),
];

/** Removed wherever they match, by path. */
const PATTERNS = [
  /^etc\/ssh\/ssh_host_/,
  /^etc\/ssl\/private\/ssl-cert-snakeoil\.key$/,
  /^etc\/ssl\/certs\/ssl-cert-snakeoil\.pem$/,
  /^var\/lib\/mysql\/./,
  /^var\/lib\/texmf\/.*\.log$/,
  /^var\/cache\/fontconfig\/./,
];

/** Listings of folders, in the order of the file system. */
const LISTINGS = ["var/lib/texmf/ls-R"];

/** Keystores of certificates have in them when each was put there. */
const KEYSTORES = ["etc/ssl/certs/java/cacerts"];

/** @param root absolute path, a byte string @param seconds the moment that everything in it is of */
export function cleanRoot(root: string, seconds: number): void {
  for (const folder of EMPTIED)
    if (isInFolders(root, `${folder}/`))
      for (const name of namesIn(`${root}/${folder}`)) remove(`${root}/${folder}/${name}`);
  for (const path of REMOVED) if (isInFolders(root, path)) remove(`${root}/${path}`);
  const visit = (folder: string): void => {
    for (const name of namesIn(folder === "" ? root : `${root}/${folder}`)) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (PATTERNS.some((pattern) => pattern.test(path))) remove(`${root}/${path}`);
      else if (lstatSync(bytes(`${root}/${path}`)).isDirectory()) visit(path);
    }
  };
  for (const folder of ["etc/ssh", "etc/ssl", "var"])
    if (isInFolders(root, `${folder}/`) && namesIn(`${root}/${folder}`).length > 0) visit(folder);
  for (const path of LISTINGS) {
    const file = bytes(`${root}/${path}`);
    if (isInFolders(root, path) && lstatSync(file, { throwIfNoEntry: false })?.isFile() === true)
      writeFileSync(file, sortedListing(readFileSync(file, "latin1")), "latin1");
  }
  for (const path of KEYSTORES) {
    const file = bytes(`${root}/${path}`);
    if (!isInFolders(root, path) || lstatSync(file, { throwIfNoEntry: false })?.isFile() !== true) continue;
    const stamped = withTime(readFileSync(file), seconds * 1000);
    if (stamped !== undefined) writeFileSync(file, stamped);
  }
}

/**
 * What `ls -R` lists, sorted: blocks of a folder's name with a colon and the names in it, with empty lines between; what comes
 * before the first is left as it is. Logs are removed, and so left out.
 */
export function sortedListing(text: string): string {
  const [head = "", ...blocks] = text.trimEnd().split(/\n\n(?=\.[^\n]*:(?:\n|$))/);
  const sorted = blocks.map((block) => {
    const lines = block.split("\n");
    const folders = lines.filter((line) => line.endsWith(":"));
    return [...folders, ...lines.filter((line) => !/(?:^|:|\.log)$/.test(line)).toSorted()].join("\n");
  });
  return `${[head, ...sorted.toSorted()].join("\n\n")}\n`;
}

/** Files, folders and links, with whether a file can be executed: all that a store path keeps. */
export function copyTree(from: string, to: string): void {
  mkdirSync(bytes(to));
  for (const name of namesIn(from)) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    const stats = lstatSync(bytes(source));
    if (stats.isDirectory()) copyTree(source, target);
    else if (stats.isSymbolicLink()) symlinkSync(readlinkSync(bytes(source), "buffer"), bytes(target));
    else if (stats.isFile()) {
      copyFileSync(bytes(source), bytes(target));
      chmodSync(bytes(target), (stats.mode & 0o111) === 0 ? 0o644 : 0o755);
    }
  }
}

/** Whether all above the last part of a path are folders: a script may have put a link there, which leads out of the root. */
function isInFolders(root: string, path: string): boolean {
  for (let end = path.indexOf("/"); end >= 0; end = path.indexOf("/", end + 1)) {
    const above = bytes(`${root}/${path.slice(0, end)}`);
    if (lstatSync(above, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  }
  return true;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(bytes(folder), "latin1").toSorted();
  } catch {
    return [];
  }
}

function remove(path: string): void {
  rmSync(bytes(path), { recursive: true, force: true });
}

function bytes(path: string): Buffer {
  return Buffer.from(path, "latin1");
}
