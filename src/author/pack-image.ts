// What pipeline.ts may say of an image of containers: checked where it is written.
import { knownOptions } from "./options.ts";

/** How an image of containers is started; what it is made of is the package. */
export interface ImageOptions {
  /** One of `programs`, and its words. Default: the only program, or what the only service starts. */
  readonly command?: readonly [program: string, ...words: string[]];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: root. */
  readonly user?: string;
  /** Where it starts. */
  readonly folder?: string;
  /** `8080`, `53/udp` */
  readonly ports?: readonly (number | string)[];
  readonly volumes?: readonly string[];
  /** Beside those of the package: title, version, description, licences, vendor, time. */
  readonly labels?: Readonly<Record<string, string>>;
  /** One of `programs` with its words, which ends with 0 when all is well. */
  readonly health?: {
    readonly command: readonly [program: string, ...words: string[]];
    readonly everySeconds?: number;
    readonly timeoutSeconds?: number;
    readonly startSeconds?: number;
    readonly retries?: number;
  };
  /** Default: 25, at most 127. */
  readonly layers?: number;
}

const OPTIONS = ["command", "env", "user", "folder", "ports", "volumes", "labels", "health", "layers"];
const HEALTH = ["command", "everySeconds", "timeoutSeconds", "startSeconds", "retries"];

/** More than container engines can put on top of each other. */
const LAYERS_MAX = 127;

export function checkImage(
  image: ImageOptions,
  programs: Readonly<Record<string, unknown>>,
  { place, wrong }: { place: string; wrong: (problem: string) => Error },
): void {
  knownOptions(image, OPTIONS, place);
  const { command, env = {}, user, folder, ports = [], volumes = [], labels = {}, health, layers } = image;
  const checkCommand = (what: string, words: readonly unknown[]): void => {
    const [program] = words;
    if (typeof program !== "string" || !Object.hasOwn(programs, program))
      throw wrong(`${what} of the image starts no program of this package`);
    if (!words.every(isPlainText)) throw wrong(`a word of ${what} of the image is no text`);
  };
  if (command !== undefined) checkCommand("the command", command);
  for (const [name, value] of Object.entries(env))
    if (!/^[A-Za-z_]\w*$/.test(name) || !isPlainText(value))
      throw wrong(`'${name}' of the image is no variable`);
  if (user !== undefined && !/^([a-z_][a-z0-9_-]*|\d{1,9})(:([a-z_][a-z0-9_-]*|\d{1,9}))?$/.test(user))
    throw wrong(`'${user}' is not a user of the image`);
  for (const path of [...(folder === undefined ? [] : [folder]), ...volumes])
    if (!isPlainText(path) || !path.startsWith("/")) throw wrong(`'${path}' is no folder of the image`);
  for (const port of ports)
    if (!/^\d{1,5}(\/(tcp|udp|sctp))?$/.test(String(port)) || Number.parseInt(String(port), 10) > 65_535)
      throw wrong(`'${port}' is no port of the image`);
  for (const [name, value] of Object.entries(labels))
    if (!/^[a-z0-9]+([./_-][a-z0-9]+)*$/.test(name) || !isPlainText(value))
      throw wrong(`'${name}' is no label of the image`);
  if (layers !== undefined && !(Number.isInteger(layers) && layers >= 2 && layers <= LAYERS_MAX))
    throw wrong(`an image has 2 to ${LAYERS_MAX} layers, and not ${layers}`);
  if (health === undefined) return;
  knownOptions(health, HEALTH, place);
  checkCommand("the health probe", Array.isArray(health.command) ? health.command : []);
  const { everySeconds = 1, timeoutSeconds = 1, startSeconds = 1, retries = 1 } = health;
  for (const number of [everySeconds, timeoutSeconds, startSeconds, retries])
    if (!(Number.isFinite(number) && number > 0 && number < 1e6) || !Number.isInteger(retries))
      throw wrong("a number of the health probe of the image is none");
}

function isPlainText(value: unknown): value is string {
  return typeof value === "string" && !/[\0\n]/.test(value) && value.isWellFormed();
}
