// Bundles GraphiQL with everything it needs into three files without any external request.
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";

const out = "../../persona_graph/graphql/transport/static";
const result = await build({
  entryPoints: ["explorer.jsx"],
  bundle: true,
  minify: true,
  metafile: true,
  target: "es2020",
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  outfile: `${out}/explorer.js`,
});

// The style sheet embeds fonts as data; the reader's own are as good and 350 kB smaller.
const css = await readFile(`${out}/explorer.css`, "utf8");
await writeFile(`${out}/explorer.css`, css.replace(/@font-face\{[^}]*\}/g, ""));

const packages = new Set();
for (const input of Object.keys(result.metafile.inputs)) {
  const found = input.match(/.*node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (found) packages.add(found[1]);
}
const notices = [];
for (const name of [...packages].sort()) {
  const meta = JSON.parse(await readFile(`node_modules/${name}/package.json`, "utf8"));
  let text = "";
  for (const file of ["LICENSE", "LICENSE.md", "LICENSE.txt", "license", "LICENCE", "LICENSE-MIT.txt"]) {
    text = await readFile(`node_modules/${name}/${file}`, "utf8").catch(() => "");
    if (text) break;
  }
  notices.push(`${name} ${meta.version} (${meta.license})\n\n${text.trim()}\n`);
}
const head = "explorer.js and explorer.css hold these packages, bundled by tools/explorer.\n\n";
await writeFile(`${out}/explorer.licenses.txt`, head + notices.join(`\n${"-".repeat(72)}\n\n`));
