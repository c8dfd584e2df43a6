import { flushCompileCache } from "node:module";
import { createProvider } from "./provider.ts";
import { serveProvider } from "./provider-server.ts";

/*
 * The plugin `pulumi-resource-tiercast`: the engine starts it, reads the port from its first line and speaks gRPC
 * to it. It ends with the engine, also with one that was killed and could not say so.
 */
const PARENT_CHECK_MS = 500;

const engine = process.ppid;
setInterval(() => {
  if (process.ppid !== engine) process.exit(0);
}, PARENT_CHECK_MS).unref();
process.stdout.on("error", () => process.exit(0));

const { port } = await serveProvider(createProvider());
process.stdout.write(`${port}\n`);
// The engine ends this process with SIGKILL, so a compile cache (NODE_COMPILE_CACHE, in the shim) is written now.
flushCompileCache();
