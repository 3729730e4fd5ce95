// Builds src/ into the one file that the Python package ships, and collects the licences of all that is in it.
// `node build.js FOLDER` builds elsewhere, for a comparison.
import { build } from "esbuild";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const out = process.argv[2] ?? join(import.meta.dirname, "..", "graphgrow_explorer", "assets");
const result = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: ["src/index.js"],
  outfile: join(out, "picture.js"),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  loader: { ".css": "text" },
  metafile: true,
});

const packages = new Set();
for (const input of Object.keys(result.metafile.inputs)) {
  const found = input.match(/node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (found) packages.add(found[1]);
}

function licence(name) {
  const folder = join(import.meta.dirname, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((one) => /^licen[cs]e/i.test(one));
  const text = file && existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8").trim() : "";
  return `${name} ${version} (${license})\n\n${text || `Licence: ${license}, as its package says.`}\n`;
}

const rule = "\n" + "-".repeat(80) + "\n\n";
const head = "picture.js holds these packages, each under its own licence.\n";
writeFileSync(join(out, "LICENSES.txt"), [head, ...[...packages].sort().map(licence)].join(rule));
