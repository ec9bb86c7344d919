import type { Socket } from "../src/connection/socketStream";

/** A WebSocket that a test opens, feeds and ends. */
export class FakeSocket implements Socket {
  onopen: Socket["onopen"] = null;
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  closed = false;
  close() {
    this.closed = true;
  }
  open() {
    this.onopen?.({} as never);
  }
  /** `ageSeconds`: of a sample that the server had before. */
  send(channel: string, timestamp: number, ageSeconds?: number) {
    const data = { host: "h", timestamp, utilization: 1 };
    this.onmessage?.({ data: JSON.stringify([{ channel, event: "metrics", data, age_seconds: ageSeconds }]) });
  }
  /** A frame whose event this page does not know. */
  sendUnknown() {
    const data = { host: "h", timestamp: 1, text: "a note" };
    this.onmessage?.({ data: JSON.stringify([{ channel: "system/annotations", event: "annotation", data }]) });
  }
  end() {
    this.onclose?.({} as never);
  }
}
