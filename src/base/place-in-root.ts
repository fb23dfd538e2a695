// Where a path leads whose links mean what they mean in another root.
import { readlinkSync } from "node:fs";
import { join } from "node:path";
import { entryAt } from "./files.ts";

const LINKS_MAX = 40;

/**
 * Where a path of another root is: its links mean what they mean there.
 * @param path absolute, in that root
 * @returns undefined where links lead in a circle; what is there need not exist
 */
export function placeInRoot(root: string, path: string): string | undefined {
  let open = path.split("/");
  let done: string[] = [];
  for (let followed = 0; open.length > 0;) {
    const [part = "", ...rest] = open;
    open = rest;
    if (part === "" || part === ".") continue;
    if (part === "..") {
      done.pop();
      continue;
    }
    const place = join(root, ...done, part);
    if (entryAt(place)?.isSymbolicLink() !== true) {
      done.push(part);
      continue;
    }
    followed += 1;
    if (followed > LINKS_MAX) return undefined;
    const target = readlinkSync(place);
    if (target.startsWith("/")) done = [];
    open = [...target.split("/"), ...open];
  }
  return join(root, ...done);
}
