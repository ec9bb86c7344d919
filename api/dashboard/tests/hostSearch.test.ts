import { expect, it } from "vitest";
import { chosenHost } from "../src/text/hostSearch";

const HOSTS = ["gpu-1", "gpu-10", "gpu-2", "login"];

it("takes a whole name at once, unless longer names contain it", () => {
  expect(chosenHost(HOSTS, "gpu-10", false)).toBe("gpu-10");
  expect(chosenHost(HOSTS, "gpu-1", false)).toBeNull();
  expect(chosenHost(HOSTS, "gpu-1", true)).toBe("gpu-1");
});

it("takes a part of one name with Enter, and never guesses between several", () => {
  expect(chosenHost(HOSTS, "LOG", false)).toBeNull();
  expect(chosenHost(HOSTS, "LOG", true)).toBe("login");
  expect(chosenHost(HOSTS, "gpu", true)).toBeNull();
  expect(chosenHost(HOSTS, " ", true)).toBeNull();
});
