// `pipelite completion`: scripts that ask `pipelite __complete` what may come next. It answers from the table of
// commands, so a script never needs to be written again.
import { argument, command } from "#cli/command.ts";
import { printDocument } from "#cli/context.ts";
import { pipeliteError } from "#cli/errors.ts";
import { formatList } from "#view/format.ts";

const BASH = `# Completion of pipelite for bash.
_pipelite() {
  local IFS=$'\\n' line
  COMPREPLY=()
  for line in $("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null); do
    COMPREPLY+=("\${line%%$'\\t'*}")
  done
}
complete -o default -F _pipelite pipelite
`;

const ZSH = `#compdef pipelite
# Completion of pipelite for zsh.
_pipelite() {
  local line
  local -a proposals
  for line in "\${(@f)$("$words[1]" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -n $line ]] && proposals+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  (( $#proposals )) && _describe pipelite proposals
  _files
}
if [[ $funcstack[1] == _pipelite ]]; then _pipelite "$@"; else compdef _pipelite pipelite; fi
`;

const FISH = `# Completion of pipelite for fish.
function __pipelite_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    set -l partial (commandline --current-token --cut-at-cursor)
    command $words[1] __complete $words[2..] "$partial" 2>/dev/null
end
complete --command pipelite --arguments '(__pipelite_complete)'
`;

const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };

export const completion = command({
  brief: "Print a script that completes commands in your shell",
  about: [
    "Bash: pipelite completion bash > ~/.local/share/bash-completion/completions/pipelite",
    "Zsh: pipelite completion zsh > a file _pipelite in a folder of your $fpath",
    "Fish: pipelite completion fish > ~/.config/fish/completions/pipelite.fish",
  ],
  examples: [["pipelite completion bash", "the script for bash"]],
  args: [argument("SHELL", "bash, zsh or fish", Object.keys(SCRIPTS))],
  run(context, _flags, shell) {
    const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
    if (script === undefined) {
      const problem = `it must be ${formatList(Object.keys(SCRIPTS), { word: "or" })}`;
      throw pipeliteError("ARGUMENT_INVALID", { value: shell, name: "SHELL", problem });
    }
    printDocument(context, script);
  },
});
