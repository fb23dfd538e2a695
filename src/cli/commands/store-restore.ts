// `pipelite store restore`: unpacks a Nix archive beside the store.
import { formatSize } from "#base/quantities.ts";
import { argument, command } from "#cli/command.ts";
import { pathOf, say } from "#cli/context.ts";
import { inputOf } from "#cli/store-access.ts";

export const storeRestore = command({
  brief: "Unpack a Nix archive (NAR) from stdin",
  examples: [["pipelite store restore copy", "unpack what comes from stdin to ./copy"]],
  args: [argument("TARGET", "File or folder to make")],
  async run(context, flags, target) {
    const { restoreNar } = await import("#app/store.ts");
    const { narSize } = await restoreNar(inputOf(context), pathOf(context, target));
    say(context, flags, `restored ${target} from ${formatSize(narSize)}`);
  },
});
