// The version of Pipelite, as package.json has it.
import manifest from "#manifest" with { type: "json" };

export const VERSION: string = manifest.version;
