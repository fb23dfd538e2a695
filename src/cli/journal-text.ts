// The state of the journal in words.
import { formatDuration, formatTime } from "#base/quantities.ts";
import type { JournalState } from "#app/journal.ts";

export function describeJournal({ file, entries, breaks, setBacks, accepted }: JournalState): string {
  const since = breaks.length === 0 ? "" : " since the last broken one";
  const lines = [
    `${file}: ${entries} ${entries === 1 ? "line" : "lines"}${since}`,
    ...setBacks.map(({ line, byMs }) => `  line ${line}: the clock was set back by ${formatDuration(byMs)}`),
    ...breaks.map(({ line, problem }) => `  line ${line} is broken: ${problem}`),
  ];
  if (breaks.length > 0) lines.push(`  ${acceptance(accepted)}`);
  return lines.join("\n");
}

function acceptance(accepted: JournalState["accepted"]): string {
  if (accepted === undefined) return "nobody has accepted that: `pipelite help journal accept`";
  const { signer, signedAt, reason, problem, bundleFile } = accepted;
  if (problem !== undefined) return `its acceptance does not count: ${problem} (${bundleFile})`;
  return `accepted by ${signer}, ${formatTime(signedAt)}: ${reason}`;
}
