// Whether a bill of materials is that of a closure of this store: each path once, with its hash, its size and what it refers to,
// and nothing besides. What it says of packages in an object is not compared: making the document again does that.
import { hex } from "#base/bytes.ts";
import { isPipeliteError } from "#base/errors.ts";
import type { StorePath } from "#nix/store-path.ts";
import type { ReadBom, ReadComponent } from "#sbom/read-parts.ts";
import { readBom } from "#sbom/read.ts";
import type { Store } from "#store/store.ts";
import type { Finding } from "./finding.ts";

/**
 * @param text CycloneDX 1.6 or 1.7, SPDX 2.3 or 3.0.1, as JSON
 * @param roots what the closure is of: the results of a run, see `rootsOf` of closure.ts, or one output
 * @returns findings of which each must hold; `untested` where a path of the closure is not in this store
 */
export function sbomFindings(
  text: string,
  { store, roots }: { store: Store; roots: readonly StorePath[] },
): Finding[] {
  let bom: ReadBom;
  try {
    bom = readBom(text);
  } catch (error) {
    if (!isPipeliteError(error)) throw error;
    return [finding("SBOM", [error.message], "")];
  }
  const gone = roots.filter((path) => store.info(path) === undefined);
  if (roots.length === 0 || gone.length > 0) {
    const detail =
      roots.length === 0 ? "there is nothing to hold it to" : `${gone.join(", ")} is not in this store`;
    return [{ what: "SBOM closure", status: "untested", detail }];
  }
  const paths = store.closure(roots);
  const stored = bom.components.filter(({ path }) => path !== undefined);
  return [
    finding("SBOM references", unresolved(bom), `each name in the ${bom.format} document is there, and once`),
    finding(
      "SBOM closure",
      differences(bom, stored, paths),
      `all ${paths.length} paths of the closure, each once`,
    ),
    finding("SBOM hashes", wrongHashes(stored, store), "each NAR hash and size is that of the store"),
    finding(
      "SBOM graph",
      wrongEdges(bom, stored, { store, roots }),
      "each path refers to what it refers to in the store",
    ),
  ];
}

const SHOWN_MAX = 5;

function finding(what: string, faults: readonly string[], detail: string): Finding {
  if (faults.length === 0) return { what, status: "holds", detail };
  const more = faults.length > SHOWN_MAX ? [`and ${faults.length - SHOWN_MAX} more`] : [];
  return { what, status: "fails", detail: [...faults.slice(0, SHOWN_MAX), ...more].join("; ") };
}

function unresolved({ main, components, dependencies, contents }: ReadBom): string[] {
  const faults: string[] = main === undefined ? ["it does not say what it is of"] : [];
  const refs = new Set<string>();
  for (const { ref, name = "" } of [...(main ? [main] : []), ...components]) {
    if (ref === "") faults.push(`${name || "a component"} has no name to refer to`);
    else if (refs.has(ref)) faults.push(`${ref} stands for two`);
    refs.add(ref);
  }
  for (const [from, to] of [...dependencies, ...contents])
    for (const ref of [from, ...to]) if (!refs.has(ref)) faults.push(`${ref} is referred to and not there`);
  for (const [from, to] of contents)
    if (new Set(to).size < to.length) faults.push(`${from} has a part twice`);
  return faults;
}

function differences(
  { components, contents }: ReadBom,
  stored: readonly ReadComponent[],
  paths: readonly StorePath[],
): string[] {
  const wanted = new Set<string>(paths);
  const found = new Set<string>();
  const faults: string[] = [];
  for (const { path = "" } of stored) {
    if (found.has(path)) faults.push(`${path} is there twice`);
    else if (!wanted.has(path)) faults.push(`${path} is not of the closure`);
    found.add(path);
  }
  for (const path of paths) if (!found.has(path)) faults.push(`${path} is missing`);
  // What is no path must lie in one.
  const inside = new Set(stored.flatMap(({ ref }) => contents.get(ref) ?? []));
  for (const { ref, path } of components)
    if (path === undefined && !inside.has(ref))
      faults.push(`${ref} is no path of the closure and lies in none`);
    else if (path !== undefined && inside.has(ref)) faults.push(`${path} lies in another`);
  return faults;
}

function wrongHashes(stored: readonly ReadComponent[], store: Store): string[] {
  return stored.flatMap(({ path = "", hash, narSize }) => {
    const info = store.info(path as StorePath);
    if (info === undefined) return [];
    if (hash !== hex(info.narHash)) return [`${path} has ${hash === undefined ? "no hash" : "another hash"}`];
    return narSize === info.narSize
      ? []
      : [`${path} has ${narSize === undefined ? "no size" : "another size"}`];
  });
}

function wrongEdges(
  { main, dependencies }: ReadBom,
  stored: readonly ReadComponent[],
  { store, roots }: { store: Store; roots: readonly StorePath[] },
): string[] {
  const pathOf = new Map(stored.map(({ ref, path = "" }) => [ref, path]));
  const isSame = (ref: string, wanted: readonly string[]): boolean => {
    const named = dependencies.get(ref);
    if (named === undefined) return false;
    const found = named.map((each) => pathOf.get(each) ?? each).toSorted();
    return JSON.stringify(found) === JSON.stringify(wanted.toSorted());
  };
  const faults = main !== undefined && isSame(main.ref, roots) ? [] : ["it is of other results"];
  for (const { ref, path = "" } of stored) {
    const info = store.info(path as StorePath);
    if (info === undefined) continue;
    const wanted = info.references.filter((each) => each !== path);
    if (!isSame(ref, wanted)) faults.push(`${path} is said to refer to something else`);
  }
  return faults;
}
