import type { Flags } from "./flags.js";

/** The shells that there is a script for. */
export const shells = ["bash", "zsh", "fish"] as const;

/** What a script knows of a verb. */
export interface CompletedVerb {
  readonly name: string;
  readonly summary: string;
  readonly flags: Flags;
  /** What its first argument may be, where that is one of few words. */
  readonly words: readonly string[];
}

/**
 * Writes the script of a shell.
 *
 * Verbs and flags stand in it, so that completing starts no process; it is to be written again
 * after an upgrade.
 */
export function completionScript(
  shell: (typeof shells)[number],
  verbs: readonly CompletedVerb[],
): string {
  if (shell === "fish") return fishScript(verbs);
  const script = bashScript(verbs);
  if (shell === "bash") return script;
  return `#compdef thynapse\nautoload -U +X bashcompinit && bashcompinit\n${script}`;
}

function bashScript(verbs: readonly CompletedVerb[]): string {
  const words = verbs.map(({ name }) => name).join(" ");
  const cases = verbs.map(({ name, flags }) => `    ${name}) words="${flagWords(flags)}" ;;`);
  const firsts = verbs
    .filter(({ words: known }) => known.length > 0)
    .map(({ name, words: known }) => `      ${name}) words="${known.join(" ")} $words" ;;`);
  const choices = [...choicesOf(verbs)].map(
    ([flag, known]) => `    --${flag}) words="${known.join(" ")}" ;;`,
  );
  return `_thynapse() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${words} --help --version" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac
  if [ "$COMP_CWORD" -eq 2 ]; then
    case "$before" in
${firsts.join("\n")}
    esac
  fi
  case "$before" in
${choices.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _thynapse thynapse
`;
}

function fishScript(verbs: readonly CompletedVerb[]): string {
  const lines = ["complete -c thynapse -f"];
  for (const { name, summary, flags, words } of verbs) {
    const isFirst = "__fish_use_subcommand";
    const isArgument = `"__fish_seen_subcommand_from ${name}"`;
    if (words.length > 0)
      lines.push(`complete -c thynapse -n ${isArgument} -a "${words.join(" ")}"`);
    lines.push(`complete -c thynapse -n ${isFirst} -a ${name} -d ${fishQuoted(summary)}`);
    for (const [flag, { describe, placeholder, choices }] of Object.entries(flags)) {
      const value =
        placeholder === undefined ? "" : choices ? ` -xa "${choices.join(" ")}"` : " -r";
      const isVerb = `"__fish_seen_subcommand_from ${name}"`;
      lines.push(`complete -c thynapse -n ${isVerb} -l ${flag}${value} -d ${fishQuoted(describe)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function flagWords(flags: Flags): string {
  return [...Object.keys(flags), "help"].map((flag) => `--${flag}`).join(" ");
}

function choicesOf(verbs: readonly CompletedVerb[]): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  for (const { flags } of verbs) {
    for (const [flag, { choices, placeholder }] of Object.entries(flags)) {
      if (choices !== undefined && placeholder !== undefined) found.set(flag, choices);
    }
  }
  return found;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
