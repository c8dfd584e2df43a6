import { createRequire } from "node:module";
import type { Server, ServerUnaryCall, ServiceError, sendUnaryData } from "@grpc/grpc-js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type { Props } from "./input-rules.ts";
import type { Provider } from "./provider.ts";
import type { DiffResult } from "./resource-kind.ts";

/*
 * The provider protocol straight on the engine's own proto files. `pulumi.provider.main` would do the same, but
 * loads the whole SDK (30 ms more at every engine run), and shows neither the old inputs nor detailed diffs.
 */
const requireHere = createRequire(import.meta.url);
const requirePulumi = createRequire(requireHere.resolve("@pulumi/pulumi/package.json"));
const grpc = requirePulumi("@grpc/grpc-js") as typeof import("@grpc/grpc-js");
const structs = requirePulumi(
  "google-protobuf/google/protobuf/struct_pb.js",
) as typeof import("google-protobuf/google/protobuf/struct_pb.js");
const empties = requirePulumi(
  "google-protobuf/google/protobuf/empty_pb.js",
) as typeof import("google-protobuf/google/protobuf/empty_pb.js");
const messages = requirePulumi(
  "./proto/provider_pb.js",
) as typeof import("@pulumi/pulumi/proto/provider_pb.js");
const plugins = requirePulumi("./proto/plugin_pb.js") as typeof import("@pulumi/pulumi/proto/plugin_pb.js");
const services = requirePulumi(
  "./proto/provider_grpc_pb.js",
) as typeof import("@pulumi/pulumi/proto/provider_grpc_pb.js");

const VERSION = "0.1.0";
const SCHEMA = JSON.stringify({ name: "tiercast", version: VERSION });

/** Serves `provider` on a free loopback port; resolves with the server and the port. */
export async function serveProvider(
  provider: Provider,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = new grpc.Server({ "grpc.max_receive_message_length": 64 * 1024 * 1024 });
  server.addService(services.ResourceProviderService, { ...aboutPlugin(), ...aboutResources(provider) });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
    error ? reject(error) : resolve(port),
  );
  return { server, port: await promise };
}

type Method<Request> = (call: ServerUnaryCall<Request, unknown>, callback: sendUnaryData<unknown>) => void;

/** A method from a function of its request: what it throws becomes the call's error, its first line the message. */
function method<Request>(answer: (request: Request) => unknown): Method<Request> {
  return (call, callback) => {
    Promise.resolve()
      .then(() => answer(call.request))
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(asGrpcError(error)),
      );
  };
}

function asGrpcError(error: unknown): Partial<ServiceError> {
  const message = error instanceof Error ? error.message : String(error);
  return { code: grpc.status.UNKNOWN, details: message.split("\n")[0] ?? "failed" };
}

/**
 * What the engine asks of any plugin. Methods not named answer UNIMPLEMENTED, which it expects of old plugins.
 */
function aboutPlugin() {
  return {
    getPluginInfo: method(() => new plugins.PluginInfo().setVersion(VERSION)),
    getSchema: method(() => new messages.GetSchemaResponse().setSchema(SCHEMA)),
    // No secrets, resource references or previewed outputs: the engine sends plain values.
    configure: method(() => new messages.ConfigureResponse()),
    attach: method(() => new empties.Empty()),
    cancel: method(() => new empties.Empty()),
  };
}

function aboutResources(provider: Provider) {
  type Requests = typeof import("@pulumi/pulumi/proto/provider_pb.js");
  return {
    check: method((request: InstanceType<Requests["CheckRequest"]>) => {
      const { inputs, failures } = provider.check(
        request.getUrn(),
        plain(request.getOlds()),
        plain(request.getNews()),
      );
      const list = failures.map(({ property, reason }) =>
        new messages.CheckFailure().setProperty(property).setReason(`${property} ${reason}`),
      );
      return new messages.CheckResponse().setInputs(struct(inputs)).setFailuresList(list);
    }),
    diff: method((request: InstanceType<Requests["DiffRequest"]>) => {
      const olds = request.hasOldInputs() ? request.getOldInputs() : request.getOlds();
      return diffResponse(provider.diff(request.getUrn(), plain(olds), plain(request.getNews())));
    }),
    create: method(async (request: InstanceType<Requests["CreateRequest"]>) => {
      const { id, outputs } = await provider.create(request.getUrn(), plain(request.getProperties()));
      return new messages.CreateResponse().setId(id).setProperties(struct(outputs));
    }),
    read: method(async (request: InstanceType<Requests["ReadRequest"]>) => {
      const known = request.hasInputs() ? request.getInputs() : request.getProperties();
      const found = await provider.read(request.getUrn(), plain(known));
      if (!found) return new messages.ReadResponse();
      const response = new messages.ReadResponse().setId(request.getId());
      return response.setInputs(struct(found.inputs)).setProperties(struct(found.outputs));
    }),
    update: method(async (request: InstanceType<Requests["UpdateRequest"]>) => {
      const outputs = await provider.update(request.getUrn(), plain(request.getNews()));
      return new messages.UpdateResponse().setProperties(struct(outputs));
    }),
    delete: method(async (request: InstanceType<Requests["DeleteRequest"]>) => {
      await provider.remove(request.getUrn(), plain(request.getProperties()));
      return new empties.Empty();
    }),
  };
}

function diffResponse({ changed, replaces }: DiffResult) {
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  const response = new messages.DiffResponse()
    .setChanges(changed.length === 0 ? DIFF_NONE : DIFF_SOME)
    .setDiffsList([...changed])
    .setReplacesList([...replaces])
    // Ids are made from names, so old and new cannot stand side by side.
    .setDeletebeforereplace(true)
    .setHasdetaileddiff(true);
  const { UPDATE, UPDATE_REPLACE } = messages.PropertyDiff.Kind;
  for (const property of changed) {
    const kind = replaces.includes(property) ? UPDATE_REPLACE : UPDATE;
    response.getDetaileddiffMap().set(property, new messages.PropertyDiff().setKind(kind).setInputdiff(true));
  }
  return response;
}

function plain(value: Struct | undefined): Props {
  return (value?.toJavaScript() ?? {}) as Props;
}

function struct(props: Props): Struct {
  return structs.Struct.fromJavaScript(props as Parameters<typeof structs.Struct.fromJavaScript>[0]);
}
