// Where a registry is and how it wants to be asked (Docker's token authentication, and basic): for whoever pulls or pushes.
import { isObject, parseStrictJson } from "#base/strict-json.ts";
import { downloadBytes } from "#base/web.ts";

const TOKEN_BYTES_MAX = 2 ** 20;

export interface RegistryAddress {
  base: string;
  /** `user:password` of its address. */
  user: string | undefined;
}

/** Registries of this machine speak http, as container tools have it. */
export function addressOf(registry: string): string {
  if (registry === "docker.io") return "https://registry-1.docker.io";
  const { hostname } = new URL(`http://${registry}`);
  return `${isLoopback(hostname) ? "http" : "https"}://${registry}`;
}

function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

export function registryAddressOf(address: string): RegistryAddress {
  const url = new URL(address);
  const { username, password } = url;
  const user =
    username === "" ? undefined : `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  url.username = "";
  url.password = "";
  return { base: url.href.replace(/\/+$/, ""), user };
}

export interface Asker {
  /** `repository:NAME:pull`, and others behind it with a space between. */
  scope: string;
  base: string;
  credentials: string | undefined;
  signal: AbortSignal;
}

/** What to say to a challenge (RFC 9110, 11.6.1; Docker's token authentication). */
export async function authorise(header: string, asker: Asker): Promise<string | undefined> {
  const { scope, base, credentials, signal } = asker;
  const basic = credentials && `Basic ${Buffer.from(credentials).toString("base64")}`;
  const { scheme, parameters } = parseChallenge(header);
  if (scheme === "basic") return basic;
  const realm = parameters.get("realm") ?? "";
  if (scheme !== "bearer" || !URL.canParse(realm)) return undefined;
  const url = new URL(realm);
  // A token is as good as a password: it comes by https, or from where the registry itself speaks http.
  if (url.protocol !== "https:" && !(url.protocol === "http:" && base.startsWith("http:"))) return undefined;
  if (`${url.username}${url.password}` !== "") return undefined;
  const service = parameters.get("service");
  if (service !== undefined) url.searchParams.set("service", service);
  for (const each of scope.split(" ")) url.searchParams.append("scope", each);
  const isKnown = basic !== undefined && isOfOne(url.hostname, new URL(base).hostname);
  const headers: Record<string, string> = isKnown ? { authorization: basic } : {};
  const answer = parseStrictJson(await downloadBytes(url.href, { headers, most: TOKEN_BYTES_MAX, signal }));
  const token = isObject(answer) ? (answer["token"] ?? answer["access_token"]) : undefined;
  return typeof token === "string" && /^[\x21-\x7e]+$/.test(token) ? `Bearer ${token}` : undefined;
}

/** Whether who gives tokens belongs to a registry: nobody else gets its password. */
function isOfOne(realm: string, registry: string): boolean {
  if (realm === registry) return true;
  const parent = registry.slice(registry.indexOf(".") + 1);
  const isOwned =
    parent.split(".").length >= 2 && !/^\w{2,3}\.\w{2}$/.test(parent) && !/^[\d.]+$/.test(registry);
  return isOwned && (realm === parent || realm.endsWith(`.${parent}`));
}

const CHALLENGE = /^\s*([\w!#$%&'*+.^`|~-]+)(?:\s+(.*))?$/s;
const PARAMETER = /([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))\s*(?:,|$)/g;

/** The first challenge of a header. */
function parseChallenge(header: string): { scheme: string; parameters: Map<string, string> } {
  const [, scheme = "", rest = ""] = CHALLENGE.exec(header) ?? [];
  const parameters = new Map<string, string>();
  for (const [, name = "", quoted, plain = ""] of rest.matchAll(PARAMETER))
    if (!parameters.has(name.toLowerCase()))
      parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, "$1") ?? plain);
  return { scheme: scheme.toLowerCase(), parameters };
}
