// The command `pipelite`. Nothing but what every start needs is loaded before the command is known, and compiled code
// is cached: most runs build nothing and should take no longer than it takes to see that.
import { enableCompileCache } from "node:module";

enableCompileCache();
const { runProcess } = await import("./process.ts");
await runProcess(process.argv.slice(2));
