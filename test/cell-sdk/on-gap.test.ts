import { expect } from "chai";

import { connect, inProcess } from "@thynapse/cell-sdk";
import { startTransmitter } from "@thynapse/transmitter";
import { eventually } from "../support/eventually.js";

describe("cell: onGap", () => {
  it("warns of an onGap that throws, or whose promise is rejected, and goes on", async () => {
    const transmitter = await startTransmitter({ port: 0, pubPort: 0, logLevel: "error" });
    const transport = inProcess(transmitter.inProcess);
    const near = { service: "a", transmitters: transmitter.command, transport };
    const [sender, listener] = [await connect(near), await connect(near)];
    const warnings: unknown[] = [];
    void (async () => {
      for await (const it of listener.status) if (it.kind === "warning") warnings.push(it.message);
    })();
    const [gaps, caught]: unknown[][] = [[], []];
    const fail = (count: number | undefined): Promise<void> => {
      if (gaps!.push(count) === 1) throw new Error("thrown");
      return Promise.reject(new Error("rejected"));
    };
    const catching = await listener.multicatch("big", ({ data }) => caught!.push(data), {
      bufferBytesMax: 65_536,
      overflow: "drop-oldest",
      onGap: ({ count }) => fail(count),
    });

    catching.pause();
    for (let n = 1; n <= 3; n++) await sender.send("big", `${n}`.repeat(60_000));
    await eventually(() => expect(gaps).to.deep.equal([1, 1]));
    catching.resume();

    await eventually(() => expect(caught).to.deep.equal(["3".repeat(60_000)]));
    const failed = ["thrown", "rejected"].map((why) => `onGap failed: Error: ${why}`);
    await eventually(() => expect(warnings).to.deep.equal(failed));
    await Promise.all([sender, listener].map((cell) => cell.close()));
    await transmitter.close();
  });
});
