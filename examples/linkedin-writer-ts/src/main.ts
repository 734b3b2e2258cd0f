/**
 * A LinkedIn post in the voice of who signs it, and with their face if the persona has one.
 *
 *   npm ci && npm run build
 *   node dist/main.js post.md --persona Ada --recording ada.flac --out .
 */

import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";

import * as gql from "./generated.js";
import { Graph, GraphError } from "./graph.js";

interface Wish {
  text: string;
  persona: string;
  recording?: string | undefined;
  out: string;
  maxPrice?: string | undefined;
}

/** The account's persona of that name with a voice; made where there is none. The person must have agreed to it. */
async function ensurePersona(graph: Graph, wish: Wish): Promise<string> {
  const known = await findPersona(graph, wish.persona);
  const id = known?.id ?? (await graph.change(gql.createPersona, { input: { name: wish.persona } })).persona?.id;
  if (!id) throw new GraphError("UNREADABLE", "No persona came.");
  if (known?.voice || !wish.recording) return id;
  if (!known?.consents.some((consent) => consent.live && consent.scope === "VOICE"))
    await graph.change(gql.grantConsent, { input: { personaId: id, scope: "VOICE", subject: wish.persona } });
  const sample = await graph.upload(wish.recording, "SAMPLE");
  const input = { personaId: id, name: "My voice", sampleIds: [sample], idempotencyKey: `train ${sample}` };
  const { voice, job } = await graph.change(gql.trainVoice, { input });
  if (!voice || !job) throw new GraphError("UNREADABLE", "No job came.");
  await graph.wait(job.id);
  // A product lets the person listen to the preview before.
  await graph.change(gql.approveVoice, { input: { voiceId: voice.id } });
  return id;
}

async function findPersona(graph: Graph, name: string): Promise<gql.Persona | undefined> {
  let after: string | null = null;
  for (;;) {
    const page: gql.PersonaConnection = await graph.ask(gql.personas, { after });
    const found = page.nodes.find((persona) => persona.name === name);
    if (found || !page.pageInfo.hasNextPage) return found;
    after = page.pageInfo.endCursor ?? null;
  }
}

async function write(graph: Graph, wish: Wish): Promise<void> {
  const personaId = await ensurePersona(graph, wish);
  const script = await readFile(wish.text, "utf8");
  const input: gql.GenerateContentInput = {
    personaId,
    contentType: "LINKEDIN_POST",
    script,
    required: ["AUDIO"],
    maxPrice: wish.maxPrice ?? null,
    // The same text for the same persona is bought once, however often this runs.
    idempotencyKey: createHash("sha256").update(`${personaId} ${script}`).digest("hex"),
  };
  const { quote } = await graph.change(gql.generateContent, { input: { ...input, dryRun: true } });
  console.log(`price: ${Number(quote?.price.amount)} ${quote?.price.currency}`);
  const made = await graph.change(gql.generateContent, { input });
  if (!made.job || !made.output) throw new GraphError("UNREADABLE", "No job came.");
  await graph.wait(made.job.id, (event) => console.log(`  ${event.state} ${event.stage}`));
  const output = await graph.ask(gql.output, { id: made.output.id });
  await mkdir(wish.out, { recursive: true });
  for (const [file, name] of [
    [output?.speech, "post.wav"],
    [output?.video, "post.mp4"],
  ] as const) {
    if (!file?.url) continue;
    const path = join(wish.out, name);
    await writeFile(path, await graph.download(file.url));
    console.log(`saved: ${path} (${file.seconds?.toFixed(1)} s)`);
  }
  console.log(`cost: ${Number(output?.price?.amount)} ${output?.price?.currency}`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: "string", default: process.env["PERSONA_GRAPH_URL"] ?? "http://127.0.0.1:8000" },
    token: { type: "string", default: process.env["PERSONA_GRAPH_TOKEN"] ?? "" },
    persona: { type: "string" },
    recording: { type: "string" },
    out: { type: "string", default: "." },
    "max-price": { type: "string" },
  },
});
const [text] = positionals;
if (!text || !values.persona) {
  console.error("usage: node dist/main.js TEXT --persona NAME [--recording FILE] [--out FOLDER] [--max-price USD]");
  process.exit(2);
}
try {
  await write(new Graph(values.url, values.token), {
    text,
    persona: values.persona,
    recording: values.recording,
    out: values.out,
    maxPrice: values["max-price"],
  });
} catch (error) {
  if (!(error instanceof GraphError)) throw error;
  console.error(`not made: ${error.message}`);
  process.exit(1);
}
