import {
  historyOf, hostsOf, metricsOf,
  type HistoryAnswer, type HostsAnswer, type MetricsAnswer,
} from "./answers";
import { logIn } from "../session";
import { isObject, textOf } from "./payload";

// Relative to the page, so that it also works behind a path of a reverse proxy.
const PREFIX = "api/v1/system";
const PATIENCE_MS = 10_000;
const NOT_FOUND = 404;

/** What went wrong, as one sentence for people. `status` is 0 where no answer came. */
export class RequestFailed extends Error {
  constructor(message: string, readonly status: number) {
    super(message);
  }
}

/** Whether the server answered that it has not heard of the host. */
export function isUnknownHost(error: unknown): boolean {
  return error instanceof RequestFailed && error.status === NOT_FOUND;
}

export async function fetchMetrics(host: string | null, signal?: AbortSignal): Promise<MetricsAnswer> {
  return understood(metricsOf(await ask("metrics", host ? [["host", host]] : [], signal)));
}

export async function fetchHosts(signal?: AbortSignal): Promise<HostsAnswer> {
  return hostsOf(await ask("hosts", [], signal));
}

export interface HistoryQuestion {
  readonly host: string;
  readonly start: number;
  readonly end: number;
  readonly maxPoints: number;
}

export async function fetchHistory(asked: HistoryQuestion, signal?: AbortSignal): Promise<HistoryAnswer> {
  const query: [string, string][] = [
    ["host", asked.host],
    ["start", String(Math.floor(asked.start))],
    ["end", String(Math.ceil(asked.end))],
    ["max_points", String(asked.maxPoints)],
  ];
  return understood(historyOf(await ask("history", query, signal)));
}

export function streamAddress(host: string, page: string): string {
  const address = new URL(`${PREFIX}/ws`, page);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.hash = "";
  address.search = new URLSearchParams({ channels: "system/#", host, batch: "true" }).toString();
  return address.href;
}

async function ask(what: string, query: [string, string][], signal?: AbortSignal): Promise<unknown> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  const search = new URLSearchParams(query).toString();
  let response: Response;
  try {
    response = await fetch(`${PREFIX}/${what}${search && `?${search}`}`, {
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
  } catch {
    throw new RequestFailed("The server does not answer.", 0);
  }
  if (response.status === 401) logIn();
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new RequestFailed(sentenceOf(body, response.status), response.status);
  return body;
}

/** The sentence of the API's error shape; a proxy's answer may have another. */
export function sentenceOf(body: unknown, status: number): string {
  const error = isObject(body) ? body["error"] : null;
  const sentence = isObject(error) ? textOf(error["message"]) : null;
  return sentence ?? `The server answered with HTTP status ${status}.`;
}

function understood<T>(answer: T | null): T {
  if (answer === null) throw new RequestFailed("The server's answer is not what was expected.", 0);
  return answer;
}
