// Names of images: `HOST/PATH:TAG@DIGEST`, as container tools read them (distribution's reference grammar). Without a host it
// is Docker's registry, where a name of one part is below `library/`.

export interface ImageReference {
  /** Host and port of the registry, as it is written. */
  registry: string;
  repository: string;
  tag?: string;
  /** Hex of the SHA-256 of a manifest or an index. */
  sha256?: string;
}

const PART = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const GRAMMAR = new RegExp(
  `^(?<host>[a-zA-Z0-9.-]+(?::\\d{1,5})?|\\[[0-9a-fA-F:]+\\](?::\\d{1,5})?)/` +
    `(?<path>${PART}(?:/${PART})*)(?::(?<tag>\\w[\\w.-]{0,127}))?(?:@sha256:(?<sha256>[0-9a-f]{64}))?$`,
);
const NAME_MAX = 255;

/** @returns undefined for what is no name of an image */
export function parseImageReference(text: string): ImageReference | undefined {
  const [first = "", ...rest] = text.split("/");
  const hasHost = rest.length > 0 && (/[.:[]/.test(first) || first === "localhost");
  const groups = GRAMMAR.exec(hasHost ? text : `docker.io/${text}`)?.groups;
  if (groups === undefined || text.length > 2 * NAME_MAX + 128) return undefined;
  const { host = "", path = "", tag, sha256 } = groups;
  const repository = host === "docker.io" && !path.includes("/") ? `library/${path}` : path;
  if (repository.length > NAME_MAX) return undefined;
  return { registry: host, repository, ...(tag !== undefined && { tag }), ...(sha256 && { sha256 }) };
}
