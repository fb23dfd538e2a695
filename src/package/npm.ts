// Archives of npm packages.

/** What `npm pack` calls the archive of a package: `@a/both` 1.0.0 is in `a-both-1.0.0.tgz`. */
export function npmArchiveName(name: string, version: string): string {
  return `${name.replace("@", "").replaceAll("/", "-").replaceAll("~", "-")}-${version}.tgz`;
}
