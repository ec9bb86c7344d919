import { describe, expect, it } from "vitest";
import { pauseBefore } from "../src/connection/backoff";

describe("the pause before an attempt", () => {
  it("is jittered over the whole range and never zero", () => {
    expect(pauseBefore(0, () => 0)).toBe(200);
    expect(pauseBefore(3, () => 0.25)).toBe(2000);
    expect(pauseBefore(50, () => 1)).toBe(30_000);
  });

  it("does not treat a server that does not know the host as down", async () => {
    const { modes, newest, server, connection } = setUp();
    server.isHostUnknown = true;
    newest().end();
    await pass(0);
    expect(modes).toEqual(["unknown"]);
    server.isHostUnknown = false;
    await pass(2_000);
    expect(modes.at(-1)).toBe("polling");
    connection.stop();
  });
});
