// The indices of a repository of Debian packages: `Packages` and `Release`. Specification: Debian's RepositoryFormat; deb822(5).

/** A package as its index has it. */
export interface AptRecord {
  /** Its control file. */
  control: string;
  architecture: string;
  /** Below the root of the repository. */
  file: string;
  size: number;
  md5: string;
  sha1: string;
  sha256: string;
}

/** Stanzas with a blank line behind each, as apt-ftparchive writes them. */
export function aptPackages(records: readonly AptRecord[]): string {
  return records
    .map(({ control, file, size, md5, sha1, sha256 }) =>
      [
        control.trimEnd(),
        `Filename: ${file}`,
        `Size: ${size}`,
        `MD5sum: ${md5}`,
        `SHA1: ${sha1}`,
        `SHA256: ${sha256}`,
        "",
        "",
      ].join("\n"),
    )
    .join("");
}

export interface AptRelease {
  origin: string;
  suite: string;
  component: string;
  architectures: readonly string[];
  /** Seconds since 1970. */
  dateSeconds: number;
  /** Below the folder of the suite. */
  files: readonly { path: string; size: number; sha256: string }[];
}

export function aptRelease({
  origin,
  suite,
  component,
  architectures,
  dateSeconds,
  files,
}: AptRelease): string {
  return `${[
    `Origin: ${origin}`,
    `Label: ${origin}`,
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    `Date: ${new Date(dateSeconds * 1000).toUTCString().replace("GMT", "UTC")}`,
    `Architectures: ${architectures.join(" ")}`,
    `Components: ${component}`,
    "Acquire-By-Hash: yes",
    "SHA256:",
    ...files.map(({ path, size, sha256 }) => ` ${sha256} ${size} ${path}`),
  ].join("\n")}\n`;
}
