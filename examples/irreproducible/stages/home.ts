import { homedir } from "node:os";

export default function home() {
  return { "settings.txt": `settings of ${homedir()}\n` };
}
