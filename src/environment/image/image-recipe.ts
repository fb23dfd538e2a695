// From a locked image to the step that makes a root file system of it. It names neither the registry nor the image.
import { resolve } from "node:path";
import { isLocalImage } from "#author/environment-request.ts";
import { isReserved } from "#author/command.ts";
import { ENTERED_USER, MOUNT_POINTS } from "#sandbox/entrances.ts";
import { parseImageReference } from "#package/image-reference.ts";
import type { EnvironmentPrograms } from "#environment/programs.ts";
import { pathOfFile, type LockedFile, type Recipe } from "#environment/step.ts";
import { CONFIG_NAME, type LockedBlob, type LockedImage } from "./locked-image.ts";

/** Of an image that says nothing of it: what container engines take. */
const DEFAULTS = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
} as const;

export async function imageRecipe(
  name: string,
  locked: LockedImage,
  { root, programs }: { root: string; programs: EnvironmentPrograms },
): Promise<Recipe> {
  const unpack = await programs.stage("environment/image/image-unpack");
  const config = blobFile(CONFIG_NAME, locked.config, locked, root);
  const layers = locked.layers.map((layer) => blobFile(`layer.tar${layer.compression}`, layer, locked, root));
  const params = {
    compressions: locked.layers.map(({ compression }) => compression),
    architecture: locked.architecture,
    env: locked.env,
    folders: [...MOUNT_POINTS.bound, ...MOUNT_POINTS.fresh],
    passwd: ENTERED_USER,
  };
  const inputs = { config: pathOfFile(config), layers: layers.map(pathOfFile) };
  const variables = { ...DEFAULTS, ...variablesOf(locked.env) };
  return {
    root: {
      name,
      files: [...new Map([config, ...layers].map((file) => [file.sha256, file])).values()],
      sources: unpack.sources,
      inputs: [],
      invoke: () => unpack.invoke(inputs, params),
    },
    place: "",
    variables: () => variables,
  };
}

/** Those that Nix reads are its own, and the home of a stage is where it can write. */
function variablesOf(env: readonly string[]): Record<string, string> {
  const pairs = env.map((each) => {
    const equals = each.indexOf("=");
    return [each.slice(0, equals), each.slice(equals + 1)] as const;
  });
  return Object.fromEntries(pairs.filter(([name]) => name !== "HOME" && !isReserved(name)));
}

function blobFile(
  name: string,
  { sha256, size, member }: LockedBlob,
  { request }: LockedImage,
  root: string,
): LockedFile {
  const { from: image } = request;
  const reference = isLocalImage(request) ? undefined : parseImageReference(image);
  const from: LockedFile["from"] =
    reference === undefined
      ? { kind: "local-image", image, file: resolve(root, image), member: member ?? `blobs/sha256/${sha256}` }
      : { kind: "registry", image, registry: reference.registry, repository: reference.repository };
  return { name, sha256, size, from };
}
