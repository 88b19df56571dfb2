// Sends back what the parent sends over the IPC channel of node:child_process.
process.on("message", (message) => process.send(message));
