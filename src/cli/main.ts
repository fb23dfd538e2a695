// The command `pipelite`. A run that was made before and has nothing to do is over before anything else is loaded.
// Compiled code is cached for the rest.
import { enableCompileCache } from "node:module";
import { codeCache } from "./home.ts";

enableCompileCache(codeCache(process.env));
void import("./start.ts").then(({ start }) => start(process.argv.slice(2)));
