// One event, caught both ways: node examples/hello-world/main.mjs
import { connect } from "@thynapse/cell-sdk";
import { startTransmitter } from "../children.mjs";

const transmitter = await startTransmitter();
const ada = await connect({ service: "ada", transmitters: transmitter.command });
const bob = await connect({ service: "bob", transmitters: transmitter.command });

// Both resolve when armed: what is sent from now on is not missed.
const heard = await ada.multicatch("hello.*");
await bob.anycatch("hello.*", ({ channel, data }) => console.log("bob handles", channel, data));

const receipt = await ada.send("hello.world", "Hello, world!", { until: "handled" });
console.log(`matched ${receipt.matched}`);

for await (const { channel, data } of heard) {
  console.log("ada hears", channel, data);
  break; // leaving the loop releases the catch
}

await ada.close();
await bob.close();
await transmitter.stop();
