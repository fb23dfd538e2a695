// Sigstore's signing config: where those are who issue certificates, stamp and log. Specification: sigstore/protobuf-specs,
// protos/sigstore_trustroot.proto (SigningConfig v0.2).
import * as shape from "#base/shape.ts";
import { messageOf } from "#base/strict-json.ts";
import { pipeliteError } from "./errors.ts";

export interface SigningConfig {
  certificateAuthority: string;
  log: string;
  timestampAuthorities: readonly string[];
}

interface Service {
  url: string;
  majorApiVersion: number;
  validFor: { start: string; end?: string };
  operator?: string;
}

interface Selection {
  selector?: "ANY" | "ALL" | "EXACT" | "SERVICE_SELECTOR_UNDEFINED";
  count?: number;
}

interface ConfigFile {
  mediaType: string;
  caUrls?: Service[];
  oidcUrls?: Service[];
  rekorTlogUrls?: Service[];
  rekorTlogConfig?: Selection;
  tsaUrls?: Service[];
  tsaConfig?: Selection;
}

const MEDIA_TYPE = "application/vnd.dev.sigstore.signingconfig.v0.2+json";

const rfc3339 = shape.matching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$/, "time");
const services = shape.optional(
  shape.list(
    shape.object<Service>({
      url: shape.matching(/^https?:\/\/[^/?#\s]+[^?#\s]*$/, "address"),
      majorApiVersion: shape.count,
      validFor: shape.object<Service["validFor"]>({ start: rfc3339, end: shape.optional(rfc3339) }),
      operator: shape.optional(shape.text),
    }),
  ),
);
const selection = shape.optional(
  shape.object<Selection>({
    selector: shape.optional(shape.oneOf("ANY", "ALL", "EXACT", "SERVICE_SELECTOR_UNDEFINED")),
    count: shape.optional(shape.count),
  }),
);
const CONFIG = shape.object<ConfigFile>({
  mediaType: shape.oneOf(MEDIA_TYPE),
  caUrls: services,
  oidcUrls: services,
  rekorTlogUrls: services,
  rekorTlogConfig: selection,
  tsaUrls: services,
  tsaConfig: selection,
});

/**
 * The services that are to be asked at a time.
 * @param value of its JSON
 * @param at ms since 1970
 * @throws PipeliteError SIGNING_CONFIG_INVALID, also where one is missing or speaks another version: certificates v1, logs v2 (Rekor
 * with tiles), timestamps v1
 */
export function parseSigningConfig(value: unknown, at: number): SigningConfig {
  let file: ConfigFile;
  try {
    file = shape.requireShape(CONFIG, value);
  } catch (error) {
    return refuse(messageOf(error), error);
  }
  const { caUrls, rekorTlogUrls, rekorTlogConfig, tsaUrls, tsaConfig } = file;
  const [certificateAuthority] = chosen("caUrls", caUrls, { version: 1, at }, { selector: "ANY" });
  if (!isPrivate(certificateAuthority ?? ""))
    refuse(`${certificateAuthority ?? ""} would get the token in the clear`);
  const [log, other] = chosen("rekorTlogUrls", rekorTlogUrls, { version: 2, at }, rekorTlogConfig);
  // A bundle that is written here has one entry.
  if (other !== undefined) refuse("rekorTlogConfig asks for several logs");
  return {
    certificateAuthority: certificateAuthority ?? "",
    log: log ?? "",
    timestampAuthorities: chosen("tsaUrls", tsaUrls, { version: 1, at }, tsaConfig),
  };
}

/** By https, or on this machine. */
function isPrivate(url: string): boolean {
  const { protocol, hostname } = URL.parse(url) ?? {};
  return protocol === "https:" || ["127.0.0.1", "localhost", "[::1]"].includes(hostname ?? "");
}

function chosen(
  name: string,
  all: readonly Service[] = [],
  { version, at }: { version: number; at: number },
  { selector = "ANY", count = 1 }: Selection = {},
): string[] {
  const usable = all.filter(({ majorApiVersion, validFor: { start, end } }) => {
    const isOver = end !== undefined && Date.parse(end) < at;
    return majorApiVersion === version && Date.parse(start) <= at && !isOver;
  });
  const wanted =
    selector === "ALL" ? Math.max(1, usable.length) : selector === "EXACT" ? Math.max(1, count) : 1;
  if (usable.length < wanted)
    refuse(`${name} has ${usable.length} of version ${version} at this time, and ${wanted} must be asked`);
  return usable.slice(0, wanted).map(({ url }) => url.replace(/\/+$/, ""));
}

function refuse(problem: string, cause?: unknown): never {
  throw pipeliteError("SIGNING_CONFIG_INVALID", { problem }, cause);
}
