// `pipelite store profile`: names under which one path after the other is the current one.
import { formatTime } from "#base/quantities.ts";
import { command, optionalArgument, toggle, value } from "#cli/command.ts";
import { print, printJson, say } from "#cli/context.ts";
import { pipeliteError } from "#cli/errors.ts";
import { parseCount } from "#cli/flags.ts";
import { PATH_BRIEF, withStore, withWritableStore } from "#cli/store-access.ts";
import { formatTable } from "#cli/table.ts";

export const storeProfile = command({
  brief: "Give a path a name, and go back to what had that name before",
  about: [
    "Each path that gets the name is a generation, and is kept with all it needs until the generation is deleted " +
      "(`store gc --delete-older-than`). Nix lists and switches the same ones, by `nix-env --profile HOME/nix/var/nix/profiles/NAME`.",
  ],
  examples: [
    ["pipelite store profile", "list all profiles and their generations"],
    ["pipelite store profile site result", "what `result` leads to is `site` from now on"],
    ["pipelite store profile site --rollback", "the one before is"],
  ],
  flags: {
    rollback: toggle("Go back to the generation before the current one"),
    to: value("NUMBER", "Switch to this generation", { parse: parseCount }),
  },
  args: [
    optionalArgument("NAME", "Name of a profile (without it: list all)"),
    optionalArgument("PATH", PATH_BRIEF, "store-path"),
  ],
  async run(context, flags, name, word) {
    const { rollback, to } = flags;
    const changes = [word !== undefined, rollback, to !== undefined].filter(Boolean).length;
    if (changes > 1) throw pipeliteError("FLAGS_APART", { one: "--rollback", other: "PATH or --to" });
    if (name === undefined && changes > 0) {
      const suggestion =
        "`pipelite store profile NAME --rollback` goes back, `pipelite store profile` lists all";
      throw pipeliteError("ARGUMENT_MISSING", { name: "NAME", suggestion });
    }
    if (name === undefined || changes === 0) {
      const profiles = await withStore(context, flags, (store) =>
        store.profiles(name === undefined ? undefined : [name]),
      );
      if (flags.json) return printJson(context, profiles);
      const rows = profiles.flatMap((profile) =>
        profile.generations.map(({ number, path, madeAtMs }) => [
          profile.name,
          String(number),
          formatTime(new Date(madeAtMs).toISOString()),
          number === profile.current ? "current" : "",
          path,
        ]),
      );
      print(context, formatTable(rows, { right: [1] }));
      if (rows.length === 0) say(context, flags, "no profiles");
      return;
    }
    await withWritableStore(context, flags, async (store, find) => {
      const number =
        word === undefined
          ? (await store.switchProfile(name, to ?? "before")).number
          : await store.addGeneration(name, find(word));
      if (flags.json) printJson(context, { name, number });
      else say(context, flags, `generation ${number} of ${name} is the current one`);
    });
  },
});
