/** Requests, streams that resume, and files: what a client needs, on Node's own fetch. */

import { readFile } from "node:fs/promises";
import { basename } from "node:path";

import * as gql from "./generated.js";
import type { JobEvent, Operation, Problem, UploadPurpose } from "./generated.js";

const TRIES = 5;

/** What went wrong, by its stable code; `fix` says what to do about it. */
export class GraphError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly fix?: string | null,
  ) {
    super([`${code}: ${message}`, fix].filter(Boolean).join(" "));
  }
}

interface Told {
  data?: unknown;
  errors?: { message: string; extensions?: { code?: string; fix?: string } }[];
}

const rest = (tries: number) => new Promise((done) => setTimeout(done, 500 * 2 ** tries));

export class Graph {
  private readonly endpoint: string;

  constructor(
    url: string,
    private readonly token: string,
  ) {
    this.endpoint = `${url.replace(/\/$/, "")}/graphql`;
  }

  /** A query. */
  async ask<A, V>(operation: Operation<A, V>, variables: V): Promise<A> {
    const answer = await this.post(operation, variables, "application/graphql-response+json, application/json;q=0.9");
    return found(operation, (await answer.json()) as Told);
  }

  /** A mutation; throws the first of its errors. */
  async change<A extends { errors: Problem[] }, V>(operation: Operation<A, V>, variables: V): Promise<A> {
    const payload = await this.ask(operation, variables);
    const problem = payload.errors[0];
    if (problem) throw new GraphError(problem.code, problem.message, problem.fix);
    return payload;
  }

  /** What happens to a job, up to its end; goes on behind the last cursor when the connection breaks. */
  async *follow(jobId: string): AsyncGenerator<JobEvent> {
    let after: string | null = null;
    for (let tries = 0; tries < TRIES; tries++) {
      try {
        for await (const event of this.events(gql.jobEvents, { jobId, after })) {
          after = event.cursor;
          tries = 0;
          yield event;
          if (event.terminal) return;
        }
      } catch (trouble) {
        if (trouble instanceof GraphError) throw trouble;
      }
      await rest(tries);
    }
    throw new GraphError("UNREACHABLE", "The stream broke off.");
  }

  /** Returns when a job succeeded; throws why it did not. */
  async wait(jobId: string, say: (event: JobEvent) => void = () => {}): Promise<void> {
    for await (const event of this.follow(jobId)) {
      say(event);
      if (event.terminal && event.state !== "SUCCEEDED") {
        const why = event.failure;
        throw new GraphError(why?.code ?? event.state, why?.message ?? event.stage, why?.fix);
      }
    }
  }

  /** Announce a file, send its bytes; answers the asset's id. */
  async upload(path: string, purpose: UploadPurpose): Promise<string> {
    const body = await readFile(path);
    const input = { purpose, fileName: basename(path), contentType: "application/octet-stream", size: body.length };
    const { asset, upload } = await this.change(gql.createUpload, { input });
    if (!asset || !upload) throw new GraphError("UNREADABLE", "No link came.");
    const answer = await fetch(upload.url, { method: upload.method, body });
    if (!answer.ok) throw await refused(answer);
    return asset.id;
  }

  async download(url: string): Promise<Buffer> {
    const answer = await fetch(url);
    if (!answer.ok) throw await refused(answer);
    return Buffer.from(await answer.arrayBuffer());
  }

  private post<A, V>(operation: Operation<A, V>, variables: V, accept: string): Promise<Response> {
    const body = JSON.stringify({ query: operation.text, operationName: operation.name, variables });
    const headers = { authorization: `Bearer ${this.token}`, "content-type": "application/json", accept };
    return fetch(this.endpoint, { method: "POST", headers, body });
  }

  private async *events<A, V>(operation: Operation<A, V>, variables: V): AsyncGenerator<A> {
    const answer = await this.post(operation, variables, "text/event-stream");
    if (!answer.ok || !answer.body) throw await refused(answer);
    let kind = "";
    for await (const line of lines(answer.body)) {
      const colon = line.indexOf(":");
      const [field, value] = [line.slice(0, colon), line.slice(colon + 1).trim()];
      if (field === "event") kind = value;
      if (field === "data" && kind === "next") yield found(operation, JSON.parse(value) as Told);
      if (kind === "complete") return;
    }
  }
}

async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const piece of body) {
    const parts = (rest + decoder.decode(piece, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

function found<A, V>(operation: Operation<A, V>, told: Told): A {
  const error = told.errors?.[0];
  if (error) throw new GraphError(error.extensions?.code ?? "UNKNOWN", error.message, error.extensions?.fix);
  let here: unknown = told.data;
  for (const name of operation.path) here = (here as Record<string, unknown> | null)?.[name] ?? null;
  return here as A;
}

async function refused(answer: Response): Promise<GraphError> {
  const told = (await answer.json().catch(() => ({}))) as { errors?: (Problem & { extensions?: { code?: string } })[] };
  const error = told.errors?.[0];
  return new GraphError(error?.code ?? error?.extensions?.code ?? "HTTP", error?.message ?? `HTTP ${answer.status}`, error?.fix);
}
