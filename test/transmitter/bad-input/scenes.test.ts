import { attachmentScenes } from "./scenes/attachments.js";
import { bodyScenes } from "./scenes/bodies.js";
import { catchScenes } from "./scenes/catches.js";
import { rawCommandScenes } from "./scenes/raw-command.js";
import { rawEventScenes } from "./scenes/raw-events.js";
import type { Scene } from "./scenes/scene.js";
import { sharedSubject } from "./subject.js";

const sections: Readonly<Record<string, readonly Scene[]>> = {
  "comings and goings": attachmentScenes,
  "bodies and fields that are odd": bodyScenes,
  "channels and catches that are odd": catchScenes,
  "bare bytes at the command port": rawCommandScenes,
  "bare bytes at the event port": rawEventScenes,
};

for (const [what, scenes] of Object.entries(sections)) {
  describe(`bad input: ${what}`, () => {
    const subject = sharedSubject();

    for (const { ids, name, play } of scenes) {
      it(`${ids.join(", ")}: ${name}`, () => play(subject()));
    }

    it("leave the process unharmed", () => subject().expectUnharmed());
  });
}
