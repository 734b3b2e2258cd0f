// One subscription over graphql-transport-ws as an async iterable, which is what GraphiQL follows.
export function streamed(url, authorization, params, seen) {
  const queue = [];
  let wake = () => {};
  let over = false;
  const put = (item) => {
    queue.push(item);
    wake();
  };
  const socket = new WebSocket(url, "graphql-transport-ws");
  const send = (message) => socket.send(JSON.stringify(message));
  socket.onopen = () => send({ type: "connection_init", payload: authorization ? { authorization } : {} });
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "connection_ack") send({ id: "1", type: "subscribe", payload: params });
    else if (message.type === "ping") send({ type: "pong" });
    else if (message.type === "next") {
      seen(message.payload);
      put({ value: message.payload });
    } else if (message.type === "error") {
      seen({ errors: message.payload });
      put({ value: { errors: message.payload } });
      put({ done: true });
    } else if (message.type === "complete") put({ done: true });
  };
  socket.onclose = ({ code, reason }) => {
    if (!over && code !== 1000) put({ value: { errors: [{ message: `Closed: ${code} ${reason}` }] } });
    put({ done: true });
  };
  const end = () => {
    over = true;
    socket.close(1000);
    return { done: true, value: undefined };
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      while (queue.length === 0) await new Promise((resolve) => (wake = resolve));
      const item = queue.shift();
      return item.done ? end() : { done: false, value: item.value };
    },
    async return() {
      return end();
    },
  };
}
