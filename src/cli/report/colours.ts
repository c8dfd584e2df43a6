import type { BacktestResult } from "../../forecast/scores/backtest.ts";

/** Custom properties of the page: they differ between light and dark. */
const MEMBER_COLOURS = 12;

/** All models that have a colour: those left out somewhere still have weights elsewhere. */
export function colouredNames({
  models,
  skipped,
}: Pick<BacktestResult, "models" | "skipped">): readonly string[] {
  return [...new Set([...models.map(({ model }) => model), ...Object.keys(skipped)])];
}

/** One colour for each model through the whole page; the ensemble and the two references have their own. */
export function colourOf(model: string, members: readonly string[]): string {
  if (model === "ensemble") return "var(--own)";
  if (model === "naive") return "var(--naive)";
  if (model.replaceAll(/[()]/g, "") === "seasonal-naive") return "var(--seasonal)";
  const others = members.filter((name) => !["ensemble", "naive", "seasonal-naive"].includes(name));
  return `var(--m${Math.max(0, others.indexOf(model)) % MEMBER_COLOURS})`;
}

const LIGHT = "c2410c 0f766e 7c3aed be185d b91c1c 15803d 0e7490 9f1239 4338ca 57534e 4d7c0f a21caf";
const DARK = "fb8a4c 3fc0b4 b49aff f47bb5 ff8080 6cc784 4fc3e0 fda4af 93a5ff b8b2ab b5d94a e879f9";

function palette(colours: string): string {
  return colours
    .split(" ")
    .map((hex, i) => `--m${i}:#${hex}`)
    .join(";");
}

export const STYLE = `
:root{color-scheme:light dark;--ink:#1c2430;--soft:#56616f;--line:#dfe3ea;--page:#fff;--card:#f6f8fb;
--own:#0b6fd6;
--naive:#7a8594;--seasonal:#a8730a;--peer:#b7c0cd;--outer:#cfe2f7;--inner:#9cc5f0;--best:#e3f0fd;
${palette(LIGHT)}}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaf0;--soft:#a3aebd;--line:#323b48;--page:#12161c;
--card:#1a2028;
--own:#5aa9ff;--naive:#8b97a7;--seasonal:#e0b04a;--peer:#4d5a6b;--outer:#1d3a5a;--inner:#2f639b;
--best:#1b3350;${palette(DARK)}}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1080px;padding:24px 18px 60px;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,"DejaVu Sans",sans-serif;overflow-wrap:break-word}
h1{font-size:24px;margin:0 0 6px}h2{font-size:18px;margin:38px 0 6px}h3{font-size:14px;margin:0;font-weight:600}
p{margin:4px 0 8px;color:var(--soft);max-width:84ch}.summary p{color:var(--ink);max-width:none;margin:2px 0}
.summary p:first-child{font-size:17px;font-weight:600}.summary{background:var(--card);
border-left:4px solid var(--own);padding:12px 16px;margin:14px 0}
.panels{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr));gap:22px 28px;
margin:12px 0}
figure{margin:0;min-width:0;max-width:580px;display:flex;flex-direction:column;justify-content:space-between}
figcaption p{font-size:13px;margin:1px 0 2px}
svg{width:100%;height:auto;display:block}svg text{font-size:12px;fill:var(--soft)}
svg text.label{fill:var(--ink)}
svg text.strong{font-weight:600}
svg text.value{fill:var(--ink);paint-order:stroke;stroke:var(--page);stroke-width:4px}
.grid{stroke:var(--line);fill:none}.axis{stroke:var(--soft);fill:none;stroke-width:.8}
.own{fill:none;stroke-width:2.6}.peer{fill:none;stroke-width:1.3}
.dashed{fill:none;stroke-width:1.5;stroke-dasharray:5 4}
.truth{fill:none;stroke:var(--ink);stroke-width:1.4}.outer{fill:var(--outer)}.inner{fill:var(--inner)}
.keys{list-style:none;display:flex;flex-wrap:wrap;gap:2px 14px;margin:2px 0 4px;padding:0;font-size:12.5px;
color:var(--soft)}
.keys i{display:inline-block;width:16px;margin-right:5px;vertical-align:middle;border-top:3px solid var(--c)}
.keys i.dash{border-top-style:dashed;border-top-width:2px}.keys i.box{height:11px;background:var(--c);border:0}
.keys i.dot{width:8px;height:8px;border-radius:50%;background:var(--c);border:0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:6px 0 16px;font-size:14px}
th,td{padding:4px 14px 4px 0;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th{color:var(--soft);font-weight:600}th:first-child,td:first-child{text-align:left;padding-left:6px}
tr.ensemble td{font-weight:600;background:var(--best)}tr.reference td{color:var(--soft)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:4px 16px;margin:8px 0}dt{font-weight:600}
dd{margin:0;color:var(--soft)}
@media(max-width:560px){dl{grid-template-columns:1fr}dd{margin-bottom:6px}}
@media print{:root{color-scheme:light}body{max-width:none;padding:0;font-size:11px}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
h2{break-after:avoid}figure,table,.summary{break-inside:avoid}.panels{grid-template-columns:1fr 1fr}}
`;
