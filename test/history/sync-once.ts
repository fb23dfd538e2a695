// Brings an index up to date, in a process of its own: for databases.test.ts.
import { openHome } from "#home/home.ts";
import { withHistory } from "#history/history.ts";
import { syncHistory } from "#history/sync.ts";

const [home = "", database] = process.argv.slice(2);
const report = await withHistory({ home: openHome(home), database }, syncHistory);
process.stdout.write(JSON.stringify(report));
