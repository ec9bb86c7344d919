// The built page and a simulated API, whose WebSocket sends the frames that it is given.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { frames, history, hosts, metrics, statusFrame } from "./machine.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";
const ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** An unmasked text frame of RFC 6455. */
function textFrame(text) {
  const body = Buffer.from(text);
  if (body.length < 126) return Buffer.concat([Buffer.from([0x81, body.length]), body]);
  const head = Buffer.from([0x81, 126, 0, 0]);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}

/** Nothing has happened on the machine. */
const LISTS = ["annotations", "findings", "runs"];

const batchOf = (texts) => `[${texts.join(",")}]`;

export async function serve(root, clock) {
  const sockets = new Set();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://bench");
    const json = (body) => response.setHeader("Content-Type", "application/json").end(JSON.stringify(body));
    response.setHeader("Content-Security-Policy", POLICY);
    if (pathname.endsWith("/metrics")) return json(metrics(clock.time));
    if (pathname.endsWith("/hosts")) return json(hosts());
    if (pathname.endsWith("/history")) {
      const span = [Number(searchParams.get("start")), Number(searchParams.get("end"))];
      return json(history(...span, clock.time, searchParams.get("fields") === "utilization"));
    }
    const list = LISTS.find((name) => pathname.endsWith(`/${name}`));
    if (list) return json({ [list]: [], next: null });
    const file = join(root, pathname === "/" ? "index.html" : pathname);
    const body = await readFile(file).catch(() => null);
    response.writeHead(body ? 200 : 404, { "Content-Type": TYPES[extname(file)] ?? "text/plain" });
    return response.end(body);
  });
  server.on("upgrade", (request, socket) => {
    const key = createHash("sha1")
      .update(request.headers["sec-websocket-key"] + ACCEPT)
      .digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
    );
    sockets.add(socket);
    socket
      .on("close", () => sockets.delete(socket))
      .on("error", () => sockets.delete(socket))
      .resume();
    socket.write(textFrame(batchOf([statusFrame(), ...frames(clock.time)])));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}/`,
    send(texts) {
      const bytes = textFrame(batchOf(texts));
      for (const socket of sockets) socket.write(bytes);
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
