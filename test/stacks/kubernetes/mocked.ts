import { runtime } from "@pulumi/pulumi";

/** A resource as the program declared it, under Pulumi's mocks. */
export interface Declared {
  readonly type: string;
  readonly name: string;
  readonly props: Readonly<Record<string, unknown>>;
}

let declared: Declared[] = [];

/** Runs a program under Pulumi's mocks; all that it declared, in order of names. */
export async function declaredBy(
  program: () => Promise<Record<string, unknown>>,
): Promise<readonly Declared[]> {
  declared = [];
  await runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        declared.push({ type, name, props: inputs as Readonly<Record<string, unknown>> });
        return { id: `${name}-id`, state: inputs };
      },
      call: ({ inputs }) => inputs,
    },
    "tiercast",
    "test",
  );
  await program();
  await runtime.disconnect();
  return declared.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
