// Package URLs (https://github.com/package-url/purl-spec). A name that would have no valid one gets none.
import type { Bom } from "./bom.ts";

interface Purl {
  type: "deb" | "apk" | "npm" | "pypi" | "generic" | "nix";
  namespace?: string | undefined;
  name: string;
  version?: string | undefined;
  qualifiers?: Readonly<Record<string, string | undefined>>;
}

export function purlOf({ type, namespace, name, version, qualifiers = {} }: Purl): string {
  const parts = [...(namespace === undefined ? [] : [namespace]), name].map(encode).join("/");
  const asked = Object.entries(qualifiers)
    .filter((pair): pair is [string, string] => pair[1] !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encode(value)}`)
    .join("&");
  const at = version === undefined ? "" : `@${encode(version)}`;
  return `pkg:${type}/${parts}${at}${asked === "" ? "" : `?${asked}`}`;
}

/** A colon stands for itself there. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll("%3A", ":")
    .replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);
}

export function purlOfPipeline({ pipeline, version }: Bom): string {
  return purlOf({ type: "generic", name: pipeline, version });
}
