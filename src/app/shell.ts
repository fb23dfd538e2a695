// A prompt where a stage runs; and where one failed.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Variables } from "#base/environment.ts";
import { shellWord } from "#base/escape.ts";
import { rootEntered } from "#environment/programs.ts";
import type { Home } from "#home/home.ts";
import { parseStorePath } from "#nix/store-path.ts";
import { enterDerivation } from "#run/enter.ts";
import { openStore } from "#store/store.ts";

export { openProgramsShell } from "#export/shell.ts";
export { openShell } from "#run/shell.ts";

/** A stage that failed, and whose build folder was kept. */
export interface FailedStage {
  name: string;
  drvPath: string;
}

/** The folder it was built in; undefined where nothing was started there. */
export function keptFolder(home: Home, { drvPath }: FailedStage): string | undefined {
  const folder = join(home.failedFolder(drvPath), "build");
  return existsSync(folder) ? folder : undefined;
}

/**
 * A shell in the folder that a stage was built in: in its environment, or, where it runs in none, this machine's. Comes back
 * when the shell has ended.
 * @param how.onStart is told which, in words
 */
export async function openFailed(
  home: Home,
  stage: FailedStage,
  how: { env: Variables; signal: AbortSignal; onStart: (line: string) => void },
): Promise<void> {
  const { env, signal, onStart } = how;
  using store = openStore(home.folder);
  const drvPath = parseStorePath(stage.drvPath);
  const derivation = store.readDerivation(drvPath);
  const folder = home.failedFolder(drvPath);
  if (rootEntered(derivation) === undefined) {
    // Not in what the stage wrote: prompts ask git, and git does what the settings of a folder say.
    onStart(
      "it runs in no environment: this is a shell of your own, outside of its sandbox, beside its folder `build`",
    );
    spawnSync(env["SHELL"] || "/bin/sh", [], { cwd: folder, stdio: "inherit", env });
    return;
  }
  await store.addTempRoot(...derivation.inputSrcs);
  await enterDerivation(
    { name: stage.name, derivation, drvPath },
    {
      store,
      env,
      words: [],
      folder,
      signal,
      onStart: (words) => onStart(`it runs here as: ${words.map(shellWord).join(" ")}`),
    },
  );
}
