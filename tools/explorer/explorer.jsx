// The page behind GET /graphql: GraphiQL, a token field, and a list of what arrived with media previews.
import { useState, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { GraphiQL } from "graphiql";
import { getOperationAST } from "graphql";
import "graphiql/graphiql.css";
import "./page.css";
import { streamed } from "./transport-ws.js";

const TOKEN = "persona-graph-token";
const KEPT = 200;
const endpoint = location.pathname;

const token = {
  get: () => sessionStorage.getItem(TOKEN) ?? "",
  set: (value) => sessionStorage.setItem(TOKEN, value),
};

// A link may bring the token behind its #, which browsers send to nobody.
const brought = new URLSearchParams(location.hash.slice(1)).get("token");
if (brought) {
  token.set(brought);
  history.replaceState(null, "", location.pathname);
}

const arrivals = {
  list: [],
  listeners: new Set(),
  add(name, result) {
    this.list = [{ at: new Date(), name, result }, ...this.list].slice(0, KEPT);
    this.listeners.forEach((listener) => listener());
  },
  clear() {
    this.list = [];
    this.listeners.forEach((listener) => listener());
  },
};

function authorization(headers) {
  const given = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === "authorization");
  return given ? given[1] : token.get() ? `Bearer ${token.get()}` : undefined;
}

async function fetched(params, headers) {
  const auth = authorization(headers);
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      accept: "application/graphql-response+json, application/json",
      "content-type": "application/json",
      ...headers,
      ...(auth ? { authorization: auth } : {}),
    },
    body: JSON.stringify(params),
  });
  const result = await response.json();
  if (params.operationName !== "IntrospectionQuery") arrivals.add(params.operationName ?? "result", result);
  return result;
}

function fetcher(params, options) {
  const operation = options?.documentAST && getOperationAST(options.documentAST, params.operationName);
  if (operation?.operation !== "subscription") return fetched(params, options?.headers);
  const url = new URL(endpoint, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return streamed(url, authorization(options?.headers), params, (result) =>
    arrivals.add(operation.name?.value ?? "event", result),
  );
}

function links(value, found = []) {
  if (typeof value === "string" && /^https?:\/\//.test(value)) found.push(value);
  else if (value && typeof value === "object") Object.values(value).forEach((inner) => links(inner, found));
  return found;
}

function Preview({ url }) {
  const [kind, setKind] = useState(null);
  const look = async () => {
    try {
      const response = await fetch(url, { headers: { range: "bytes=0-0" } });
      setKind(response.ok ? (response.headers.get("content-type") ?? "") : `refused (${response.status})`);
    } catch {
      setKind("unreachable");
    }
  };
  if (kind === null) return <button className="explorer-link" onClick={look}>preview {url.slice(0, 60)}…</button>;
  if (kind.startsWith("audio/")) return <audio controls src={url} />;
  if (kind.startsWith("video/")) return <video controls src={url} />;
  if (kind.startsWith("image/")) return <img src={url} alt="" />;
  return <a href={url} target="_blank" rel="noreferrer noopener">{kind}: open</a>;
}

function Arrivals() {
  const list = useSyncExternalStore(
    (listener) => (arrivals.listeners.add(listener), () => arrivals.listeners.delete(listener)),
    () => arrivals.list,
  );
  return (
    <div className="explorer-arrivals">
      <div className="graphiql-doc-explorer-title">
        Arrived <button className="explorer-link" onClick={() => arrivals.clear()}>clear</button>
      </div>
      {list.length === 0 && <p>Results and subscription events are listed here, newest first.</p>}
      {list.map((arrival, index) => (
        <details key={list.length - index} open={index === 0}>
          <summary>{arrival.at.toLocaleTimeString()} {arrival.name}</summary>
          <pre>{JSON.stringify(arrival.result, null, 2)}</pre>
          {[...new Set(links(arrival.result))].map((url) => <Preview key={url} url={url} />)}
        </details>
      ))}
    </div>
  );
}

const plugin = { title: "Events and media", icon: () => <span aria-hidden="true">▤</span>, content: Arrivals };

function TokenField() {
  const [value, setValue] = useState(token.get());
  const keep = () => {
    if (value.trim() === token.get()) return;
    token.set(value.trim());
    // The schema is read again with the new token; the editor keeps its text.
    location.reload();
  };
  return (
    <label className="explorer-token">
      Token{" "}
      <input
        type="password"
        value={value}
        onChange={(event) => setValue(event.target.value)}
        onBlur={keep}
        onKeyDown={(event) => event.key === "Enter" && keep()}
        autoComplete="off"
        spellCheck="false"
      />
    </label>
  );
}

const welcome = `# Put a service token into the field above and press Enter, then run this with Ctrl-Enter.
# The book icon on the left opens the schema; ▤ lists events and plays media.
{
  __typename
}
`;

createRoot(document.getElementById("explorer")).render(
  <>
    <header className="explorer-bar"><b>Persona Graph</b> <TokenField /></header>
    <GraphiQL fetcher={fetcher} plugins={[plugin]} defaultQuery={welcome} shouldPersistHeaders={false} isHeadersEditorEnabled />
  </>,
);
