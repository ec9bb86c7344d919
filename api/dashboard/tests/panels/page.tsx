import { type queries, within } from "@testing-library/dom";
import { type ComponentChildren, render } from "preact";
import { act } from "preact/test-utils";
import { onTestFinished, vi } from "vitest";
import { findingOf, sampleOf, statusOf, type Values } from "../../src/bus/payload";
import type { Badge } from "../../src/connection/badge";
import { Monitor } from "../../src/monitor";
import { HintBox } from "../../src/panels/HintBox";
import { listed, NO_FINDINGS } from "../../src/store/findings";
import { HostData } from "../../src/store/host";
import { Hosts } from "../../src/store/hosts";
import { MonitorContext } from "../../src/view/hooks";

export const HOST = "gpu-07";
export const DASH = "–";
export const GIB = 2 ** 30;
const LIVE: Badge = { kind: "live", label: "Live", detail: "Samples are streamed as they are collected." };

/** A part of the page, and the state that it shows. */
export class Page {
  readonly monitor = new Monitor(
    new Hosts({ fetchHosts: () => new Promise(() => undefined), isLive: () => true, onChange: () => undefined }),
  );
  readonly host = new HostData(HOST);
  readonly root = document.body.appendChild(document.createElement("div"));
  private count = 0;
  readonly find = within<typeof queries>(this.root);

  constructor() {
    this.monitor.current.data.value = this.host;
    this.monitor.current.badge.value = LIVE;
  }

  /** A sample arrives. */
  sample(channel: string, values: Values): void {
    this.count += 1; // no two samples of a channel have the same time
    const sample = sampleOf(channel, { host: HOST, timestamp: Date.now() + this.count, ...values });
    if (sample) this.host.accept(sample, { at: performance.now(), wall: Date.now(), age: "live" });
    this.draw();
  }

  /** The collector reports its sensors. */
  status(sensors: Record<string, object>, more: object = {}): void {
    const status = statusOf({ host: HOST, state: "online", interval: 2, sensors, ...more });
    if (status) this.host.acceptStatus(status, performance.now());
    this.draw();
  }

  findings(...found: readonly object[]): void {
    const defaults = { host: HOST, kind: "memory_growth", subject: "gpu0", since: Date.now() };
    const findings = found.map((each) => findingOf({ ...defaults, ...each })!);
    act(() => {
      this.monitor.current.findings.value = listed(NO_FINDINGS, findings);
    });
  }

  badge(kind: Badge["kind"], detail = ""): void {
    act(() => {
      this.monitor.current.badge.value = { kind, label: kind, detail };
    });
  }

  /** Time passes without samples; the clock must be faked. */
  pass(ms: number): void {
    vi.advanceTimersByTime(ms);
    this.draw();
  }

  draw(): void {
    act(() => {
      this.monitor.frames.count.value += 1;
    });
  }

  /** The text of an element by its test id; null if there is none. */
  text(testId: string): string | null {
    const element = this.find.queryByTestId(testId);
    return element && textOf(element);
  }

  click(element: HTMLElement): void {
    this.fire(element, new MouseEvent("click", { bubbles: true }));
  }

  fire(element: HTMLElement, event: Event): void {
    act(() => void element.dispatchEvent(event));
  }
}

export function textOf(element: Element): string {
  return (element.textContent ?? "").replaceAll(/\s+/g, " ").trim();
}

/** Show a part of the page until the test is over. */
export function show(part: ComponentChildren): Page {
  const page = new Page();
  const tree = (
    <MonitorContext.Provider value={page.monitor}>
      {part}
      <HintBox />
    </MonitorContext.Provider>
  );
  act(() => render(tree, page.root));
  onTestFinished(() => {
    act(() => render(null, page.root));
    page.root.remove();
    location.hash = "";
    localStorage.clear();
  });
  return page;
}
