// Runs the stage of its argument and prints how it ended: for rig.ts.
import { runHere } from "./stage.ts";
import type { Stage } from "./stage.ts";

const stage = JSON.parse(process.argv[2] ?? "") as Stage;
process.stdout.write(JSON.stringify(await runHere(stage)));
