// Prints id and values of the set that a key finds or makes.
import { SysvSemaphoreSet } from "../../mod.ts";
import { say } from "./_peer.ts";

const options = { count: 3, initialValues: [5, 6, 7] };
const set = SysvSemaphoreSet.openOrCreate(Number(Deno.args[0]), options);
say(`${set.id} ${set.getValues().join()}`);
