// `pipelite init`: a pipeline that works, small enough to be read at once and changed into one's own.
import { relative } from "node:path";
import { command, optionalArgument } from "#cli/command.ts";
import { pathOf, printJson, say } from "#cli/context.ts";
import { formatList } from "#view/format.ts";

export const init = command({
  brief: "Start a pipeline: a small one that works",
  about: [
    "Writes a pipeline that works as it stands: data, a check of them, a gate, a picture, a test, and the Node and " +
      "TypeScript that it is made for. Overwrites nothing; a package.json that is there gets what it lacks.",
  ],
  examples: [
    ["pipelite init", "into this folder"],
    ["pipelite init walk", "into the folder walk"],
  ],
  args: [optionalArgument("FOLDER", "Where to write it (default: this folder)")],
  async run(context, flags, where = ".") {
    const app = await import("#app/init.ts");
    const made = app.init(pathOf(context, where));
    if (flags.json) return printJson(context, made);
    const inside = relative(context.cwd, made.folder);
    say(context, flags, `wrote ${formatList(made.written)}`);
    say(
      context,
      flags,
      `next: ${inside === "" ? "" : `cd ${inside} && `}npm install && npm start && npm test`,
    );
  },
});
