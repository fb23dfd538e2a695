// Deviations of a run as tables.
import { formatTime } from "#base/quantities.ts";
import type { Deviation, Transition } from "#release/deviation.ts";
import { formatTable } from "./table.ts";

export function describeDeviations(deviations: readonly Deviation[], columns: number | undefined): string {
  const rows = deviations.map(({ id, severity, state, disposition, kind, recurrence, statement }) => [
    id,
    severity,
    disposition === undefined ? state : `${state} (${disposition})`,
    kind,
    recurrence === 0 ? "-" : String(recurrence),
    statement,
  ]);
  return formatTable([["ID", "SEVERITY", "STATE", "KIND", "EARLIER", "WHAT"], ...rows], {
    right: [4],
    columns,
  });
}

export function describeMoves({ id, severityReason, history }: Deviation): string {
  const heads = ["TIME", "BY", "FROM", "TO", "REASON"];
  return `${id}: ${severityReason}\n${formatTable([heads, ...history.map(moveRow)])}`;
}

function moveRow({ at, signer, from, to, disposition, reason }: Transition): string[] {
  return [formatTime(at), signer, from, disposition === undefined ? to : `${to} (${disposition})`, reason];
}
