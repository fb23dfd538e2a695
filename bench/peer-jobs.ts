// The layered graph, built by us, by Nix and by other tools in turns: the first time, and again when nothing has changed.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { needsOf, widthOf, writeGraph } from "./graph.ts";
import { setAside } from "./aside.ts";
import { coldSides } from "./jobs.ts";
import { measure, type Measured, type Place, type Side } from "./measure.ts";
import { PEERS, type Peer, type Tools } from "./peers.ts";

export interface PeerTable {
  stages: number;
  rows: PeerRow[];
  /** One-minute load of the machine, before and after. */
  load: [number, number];
}

export interface PeerRow {
  name: string;
  looksAt: string;
  hasSandbox: boolean;
  /** Why there are no figures. */
  missing?: string;
  cold?: Measured;
  noOp?: Measured;
}

interface Tool extends PeerRow {
  sides?: { cold: Side; noOp: Side };
}

export async function benchPeers(
  place: Place,
  stages: number,
  tools: Tools,
  load: () => number,
  isQuick: boolean,
): Promise<PeerTable> {
  const before = load();
  const all = [...ownAndNix(place, stages), ...PEERS.map((peer) => toolOf(peer, place, stages, tools))];
  const present = all.flatMap((tool) => (tool.sides === undefined ? [] : [{ ...tool, sides: tool.sides }]));
  const colds = await measure(
    present.map(({ sides }) => sides.cold),
    isQuick || stages > 1000 ? 1 : 3,
    { warmUp: false },
  );
  const built = present.filter((_, index) => colds[index]?.isOver === false);
  const noOps = await measure(
    built.map(({ sides }) => sides.noOp),
    isQuick ? 1 : stages > 1000 ? 5 : 10,
  );
  const rows = all.map(({ sides: _, ...row }) => {
    const cold = colds.find(({ name }) => name === row.name);
    const noOp = noOps.find(({ name }) => name === row.name);
    return { ...row, ...(cold && { cold }), ...(noOp && { noOp }) };
  });
  return { stages, rows, load: [before, load()] };
}

function ownAndNix(place: Place, stages: number): Tool[] {
  const pipeline = writeGraph(join(place.folder, `peers-${stages}`), stages);
  const tool = (side: Side): Tool => {
    const { prepare: _, ...again } = side;
    const sides = { cold: side, noOp: again };
    return { name: side.name, looksAt: "content", hasSandbox: true, sides };
  };
  return coldSides(place, pipeline).map(tool);
}

function toolOf(peer: Peer, place: Place, stages: number, tools: Tools): Tool {
  const { name, looksAt, hasSandbox, most, state, env } = peer;
  const row = { name, looksAt, hasSandbox };
  const missing = stages > most ? `not measured beyond ${most.toLocaleString("en")}` : peer.missing(tools);
  if (missing !== undefined) return { ...row, missing };
  const cwd = join(place.folder, `${peer.name.split(",")[0]}-${stages}`);
  mkdirSync(cwd);
  const width = widthOf(stages);
  peer.write(cwd, { stages, needsOf: (index) => needsOf(index, width) }, tools);
  const noOp: Side = { name, command: peer.command(tools), cwd, ...(env && { env }) };
  const prepare = () => {
    for (const kept of state) setAside(join(cwd, kept), place.folder);
    if (state.includes("out")) mkdirSync(join(cwd, "out"), { recursive: true });
    peer.prepare?.(cwd);
  };
  return { ...row, sides: { cold: { ...noOp, prepare }, noOp } };
}
