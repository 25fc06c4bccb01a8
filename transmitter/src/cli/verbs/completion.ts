import { completionScript, shells } from "../completion-script.js";
import { jsonLine } from "../event-view.js";
import { exitCode, usageFault } from "../fault.js";
import { didYouMean } from "../nearest.js";
import { everyFlags } from "../common-flags.js";
import { defineVerb } from "../verb.js";
import { verbs } from "../verbs.js";

/** `thynapse completion [SHELL]`: the script that completes verbs and flags. */
export const completion = defineVerb({
  name: "completion",
  usage: "[SHELL]",
  flags: everyFlags,
  words: shells,
  notes: `SHELL is one of ${shells.join(", ")}; the one in $SHELL if nothing is said.`,
  examples: [
    "completion bash >> ~/.bashrc",
    "completion zsh > ~/.zfunc/_thynapse",
    "completion fish > ~/.config/fish/completions/thynapse.fish",
  ],
  async run({ flags: given, positionals, env, out }) {
    const name = positionals[0] ?? env["SHELL"]?.split("/").pop() ?? "bash";
    const shell = shells.find((known) => known === name);
    if (shell === undefined) {
      const known = shells.join(", ");
      throw usageFault(`no completion for ${name}${didYouMean(name, shells)}`, `one of ${known}`);
    }
    const loaded = await Promise.all(
      Object.entries(verbs).map(async ([verb, row]) => {
        const { flags, words = [] } = await row.load();
        return { name: verb, summary: row.summary, flags, words };
      }),
    );
    const script = completionScript(shell, loaded);
    await out.write(given.json ? `${jsonLine({ shell, script })}\n` : script);
    return exitCode.ok;
  },
});
