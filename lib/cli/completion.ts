/**
 * `ipc completion`
 *
 * @module
 */

import { checkOperands, type Command, defineCommand, EXIT } from "./_command.ts";
import { isValued } from "./_options.ts";
import { printLines } from "./_output.ts";
import { wordOf } from "./_values.ts";

const SHELLS = ["bash"] as const;

/** The command that makes a shell know all commands; it is one of them itself. */
export function completionOf(commands: () => readonly Command[]): Command {
  return defineCommand({}, {
    name: "completion",
    summary: "Print what makes a shell complete the commands",
    operands: "SHELL",
    choices: SHELLS,
    details: "SHELL is bash. Objects are completed by their ids and names as they are then.",
    examples: [
      ["source <(ipc completion bash)", "for this shell"],
      [
        "ipc completion bash > ~/.local/share/bash-completion/completions/ipc",
        "for every shell to come",
      ],
    ],
    run({ operands }) {
      checkOperands(operands, 1);
      wordOf("SHELL", SHELLS, operands[0]!);
      printLines(bashScript(commands()));
      return EXIT.ok;
    },
  });
}

function bashScript(commands: readonly Command[]): string[] {
  const names = [...commands.map(({ name }) => name), "help"];
  return [
    // A name in the wordlist of compgen would be expanded by the shell: it holds our words only.
    "_ipc_words() {",
    '  COMPREPLY=($(compgen -P "$2" -W "$1" -- "$3"))',
    "}",
    "_ipc_objects() {",
    "  local object",
    "  while IFS= read -r object; do",
    "    # A backslash marks what ls has escaped: typed as it stands, it would be another name.",
    '    [[ $object == "$2"* && $object != *\\\\* ]] && COMPREPLY+=("$(printf %q "$object")")',
    '  done < <("${COMP_WORDS[0]}" ls "$1" --no-header --columns object 2>/dev/null)',
    "}",
    "_ipc() {",
    "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} before=",
    "  COMPREPLY=()",
    "  # Bash takes --option=value for three words.",
    "  if [[ $cur == = ]]; then cur=",
    "  elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi",
    `  if ((COMP_CWORD == 1)); then _ipc_words ${quote(names)} "" "$cur"; return; fi`,
    "  [[ $cur == *,* ]] && before=${cur%,*},",
    '  case "${COMP_WORDS[1]} $prev" in',
    ...commands.flatMap(valueCases).map((line) => `    ${line}`),
    "  esac",
    '  case "${COMP_WORDS[1]} $cur" in',
    ...commands.map(optionCase).map((line) => `    ${line}`),
    "  esac",
    '  case "${COMP_WORDS[1]}" in',
    ...commands.flatMap(operandCase).map((line) => `    ${line}`),
    `    help) _ipc_words ${quote(names)} "" "$cur" ;;`,
    "  esac",
    "}",
    "complete -F _ipc ipc",
  ];
}

/** After an option with a value: what it can be, if that is known. */
function valueCases({ name, options }: Command): string[] {
  return Object.entries(options).flatMap(([option, definition]) => {
    if (!isValued(definition)) return [];
    const { short, choices } = definition;
    const pattern = [`--${option}`, ...(short === undefined ? [] : [`-${short}`])]
      .map((flag) => `"${name} ${flag}"`).join(" | ");
    const words = choices === undefined
      ? ""
      : `_ipc_words ${quote(choices)} "$before" "\${cur##*,}"; `;
    return `${pattern}) ${words}return ;;`;
  });
}

function optionCase({ name, options }: Command): string {
  const flags = [...Object.keys(options), "help"].map((option) => `--${option}`);
  return `"${name} -"*) _ipc_words ${quote(flags)} "" "$cur"; return ;;`;
}

/** Objects follow their kind, where a command takes them. */
function operandCase({ name, choices, takesObjects }: Command): string[] {
  if (choices === undefined) return [];
  const words = `_ipc_words ${quote(choices)} "" "$cur"`;
  if (takesObjects === undefined) return [`${name}) ${words} ;;`];
  const objects = '_ipc_objects "$kind" "$cur"';
  return [
    `${name})`,
    "  local word kind=",
    '  for word in "${COMP_WORDS[@]:2:COMP_CWORD-2}"; do',
    `    [[ " ${choices.join(" ")} " == *" $word "* ]] && kind=$word`,
    "  done",
    takesObjects === "many"
      ? `  ${words}; [[ -z $kind ]] || ${objects} ;;`
      : `  if [[ -z $kind ]]; then ${words}; else ${objects}; fi ;;`,
  ];
}

function quote(words: readonly string[]): string {
  return `"${words.join(" ")}"`;
}
