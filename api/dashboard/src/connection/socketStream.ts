import { type Frame, parseFrames } from "../bus/frames";

const OPENING_TIMEOUT_MS = 8_000;

/** The part of the browser's WebSocket API that the dashboard uses. Tests use a substitute. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: never) => void) | null;
  close(): void;
}

export interface StreamListener {
  onOpen(): void;
  /** Called with the frames of a message; `silentMs` is how long the stream had been silent before the message. */
  onMessage(frames: readonly Frame[], silentMs: number): void;
  /** Called when the socket has closed or could not be opened, but not if `close` was called. */
  onClose(): void;
}

/** One WebSocket, from the attempt to open it until it closes. */
export class SocketStream {
  isOpen = false;
  /** When the socket opened or last received a message, by the monotonic clock. */
  receivedAt = 0;
  /** Whether the socket has received a frame that this page can parse. */
  hasReceived = false;
  private socket: Socket | null = null;
  private opening: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly listener: StreamListener) {}

  get silentMs(): number {
    return performance.now() - this.receivedAt;
  }

  open(openSocket: () => Socket): void {
    this.opening = setTimeout(() => this.fail(), OPENING_TIMEOUT_MS);
    let socket: Socket;
    try {
      socket = openSocket();
    } catch {
      this.fail(); // the browser may throw, for example if it does not allow the address
      return;
    }
    this.socket = socket;
    socket.onopen = () => {
      clearTimeout(this.opening);
      this.isOpen = true;
      this.receivedAt = performance.now();
      this.listener.onOpen();
    };
    socket.onmessage = (event) => this.receive(event.data);
    socket.onclose = () => this.fail();
  }

  close(): void {
    const { socket } = this;
    this.socket = null;
    this.isOpen = false;
    clearTimeout(this.opening);
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private fail(): void {
    this.close();
    this.listener.onClose();
  }

  private receive(data: unknown): void {
    const { silentMs } = this;
    this.receivedAt = performance.now();
    const frames = typeof data === "string" ? parseFrames(data) : [];
    this.hasReceived ||= frames.length > 0;
    this.listener.onMessage(frames, silentMs);
  }
}
