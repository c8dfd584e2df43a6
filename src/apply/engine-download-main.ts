import { PulumiCommand } from "@pulumi/pulumi/automation/index.js";

/**
 * Child process of `downloadEngine`: arguments are the folder to install into and the site to be reached first. A
 * process of its own because `PulumiCommand.install` can be neither bounded nor stopped.
 */
async function main(root: string, siteUrl: string): Promise<void> {
  await fetch(siteUrl, { method: "HEAD", redirect: "manual" });
  process.stdout.write("connected\n");
  await PulumiCommand.install({ root });
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as { readonly code?: string; readonly message?: string } | undefined;
  return cause?.code ?? cause?.message ?? error.message.trim().split("\n").at(-1) ?? "failed";
}

const [root = "", siteUrl = ""] = process.argv.slice(2);
main(root, siteUrl).catch((error: unknown) => {
  process.stderr.write(`${reason(error)}\n`);
  process.exitCode = 1;
});
