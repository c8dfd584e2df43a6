import { readdir, readFile } from "node:fs/promises";

/** Command lines of processes that work for `folder`, by their arguments or environment; not those of `except`. */
export async function processesOf(folder: string, except?: number): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const read = (file: string) => readFile(`/proc/${name}/${file}`, "utf8").catch(() => "");
    const [command, environment, stat] = await Promise.all([read("cmdline"), read("environ"), read("stat")]);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (command === "" || fields[0] === "Z") continue;
    const isOf = command.includes(folder) || environment.includes(folder);
    if (isOf && Number(name) !== except && Number(fields[1]) !== except)
      found.push(`${name} ${command.replaceAll("\0", " ")}`);
  }
  return found;
}
