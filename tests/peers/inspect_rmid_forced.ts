// Where a segment goes when nobody has it attached: makes one, describes it detached and attached,
// which it still can be, and prints as JSON what it was told.
import { describeObject, IPC_PRIVATE, SysvSharedMemory } from "../../mod.ts";
import { say } from "./_peer.ts";

const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 1 });
const detached = describeObject({ kind: "sysv-shm", id: segment.id });
const mapping = segment.attach();
mapping.bytes[0] = 7;
const attached = describeObject({ kind: "sysv-shm", id: segment.id });
const { attachCount } = segment.stat();
mapping.close();
say(JSON.stringify({
  id: segment.id,
  unreadable: detached.unreadable,
  bytes: [...attached.bytes!],
  attachCount,
}));
