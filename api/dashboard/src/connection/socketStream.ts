import { parseFrames, type Frame } from "../bus/payload";

const OPENING_TIMEOUT_MS = 8_000;

/** The part of a WebSocket that is used; the browser's satisfies it. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: never) => void) | null;
  close(): void;
}

export interface StreamListener {
  onOpen(): void;
  /** `silentMs`: how long the stream had been silent before this message. */
  onMessage(frames: readonly ReceivedFrame[], silentMs: number): void;
  /** The socket has closed, or could not be opened. Not called after `close`. */
  onClose(): void;
}

export interface ReceivedFrame {
  readonly frame: Frame;
  /** Whether the server had it before the socket opened: its arrival does not show its age. */
  readonly isSnapshot: boolean;
}

/** One WebSocket, from the attempt to open it until it closes. */
export class SocketStream {
  isOpen = false;
  /** When it opened or last received a message, monotonic. */
  receivedAt = 0;
  private socket: Socket | null = null;
  private readonly channels = new Set<string>();
  private opening: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly listener: StreamListener) {}

  /** Whether it has received a frame that this page knows. */
  get hasReceived(): boolean {
    return this.channels.size > 0;
  }

  get silentMs(): number {
    return performance.now() - this.receivedAt;
  }

  open(openSocket: () => Socket): void {
    this.opening = setTimeout(() => this.fail(), OPENING_TIMEOUT_MS);
    let socket: Socket;
    try {
      socket = openSocket();
    } catch {
      this.fail(); // a browser may refuse, for example for an address that it does not allow
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
    this.listener.onMessage(frames.map((frame) => this.received(frame)), silentMs);
  }

  // The server sends the newest sample of each channel first: that one is a snapshot.
  private received(frame: Frame): ReceivedFrame {
    const channel = frame.kind === "sample" ? frame.sample.channel : frame.kind;
    const isSnapshot = !this.channels.has(channel);
    this.channels.add(channel);
    return { frame, isSnapshot };
  }
}
