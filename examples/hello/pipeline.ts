// The smallest pipeline: one stage of TypeScript, and one program that reads what the stage made.
import { command, out, param, pipeline, stage, tool } from "pipelite";

const names = stage(() => import("./stages/names.ts"), { whom: param.text({ default: "world" }) });
const sorted = command(tool("sort"), ["-o", out, names.file("names.txt")]);

export default pipeline({ names, sorted });
