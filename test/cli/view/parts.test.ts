import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { canvasLines, createCanvas, put } from "../../../src/cli/view/canvas.ts";
import { heightOf, scaleFor, tickText } from "../../../src/cli/view/chart-scale.ts";
import { canDraw, openLiveScreen, wantsAscii } from "../../../src/cli/view/live-screen.ts";
import { clipText, textWidth, wrapText } from "../../../src/cli/view/text-width.ts";
import { timeTicks } from "../../../src/cli/view/time-ticks.ts";
import { emptyState, runningState } from "./sample-states.ts";

describe("the value axis", () => {
  test("holds the largest value, with round and distinct labels", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000_000 }),
        fc.integer({ min: 4, max: 40 }),
        (tenths, rows) => {
          const largest = tenths / 10;
          const scale = scaleFor(largest, rows);
          expect(scale.top).toBeGreaterThanOrEqual(largest * 0.998);
          expect(scale.top).toBeLessThanOrEqual(largest * 3 + 1e-9);
          const ticks = Array.from(
            { length: Math.round(scale.top / scale.step) },
            (_, i) => (i + 1) * scale.step,
          );
          const texts = ticks.map((tick) => tickText(tick, scale));
          expect(new Set(texts).size).toBe(texts.length);
          for (const [index, text] of texts.entries()) expect(Number(text)).toBeCloseTo(ticks[index] ?? 0, 6);
        },
      ),
    );
  });

  test("heights stay in the plot", () => {
    const scale = scaleFor(50, 9);
    expect(heightOf(-1, scale, 9)).toBe(0);
    expect(heightOf(scale.top, scale, 9)).toBe(9);
    expect(heightOf(1e9, scale, 9)).toBe(9);
  });
});

describe("the time axis", () => {
  test("is in local time, also over the change to summer time", () => {
    const firstMs = Date.parse("2001-04-01T05:00:00Z");
    const ticks = timeTicks({
      firstMs,
      stepMs: 300_000,
      steps: 60,
      leastSteps: 10,
      timeZone: "America/New_York",
    });
    expect(ticks.map((tick) => tick.text)).toEqual(["Apr 1", "01:00", "03:00", "04:00", "05:00"]);
    expect(ticks.map((tick) => tick.step)).toEqual([0, 12, 24, 36, 48]);
  });
});

describe("text", () => {
  test("wide characters count two columns", () => {
    expect(textWidth("ab漢字é")).toBe(7);
    expect(clipText("漢字漢字", 5, "…")).toBe("漢字…");
    const canvas = createCanvas(3, 1);
    put(canvas, 0, 0, "漢字", "plain");
    expect(canvasLines(canvas, false)).toEqual(["漢"]);
  });

  test("wraps between words and says where it was cut", () => {
    expect(wrapText("one two three four", 9, 2, "…")).toEqual(["one two", "three fo…"]);
    expect(wrapText("abcdefghijkl", 5, 3, "…")).toEqual(["abcde", "fghij", "kl"]);
    expect(wrapText("", 5, 3, "…")).toEqual([]);
  });
});

describe("the live screen", () => {
  function fakeTerminal() {
    const written: string[] = [];
    const listeners = new Set<() => void>();
    return {
      written,
      columns: 80,
      rows: 24,
      write: (text: string) => written.push(text),
      on: (_event: "resize", listener: () => void) => listeners.add(listener),
      off: (_event: "resize", listener: () => void) => listeners.delete(listener),
      resize: () => {
        for (const listener of listeners) listener();
      },
      listeners,
    };
  }

  test("writes only rows that changed, redraws after a resize, gives the terminal back once", () => {
    const terminal = fakeTerminal();
    const exitListeners = process.listenerCount("exit");
    const screen = openLiveScreen(terminal, { colour: false, ascii: false });
    expect(terminal.written.shift()).toContain("\u001b[?1049h");
    screen.draw(emptyState());
    expect(terminal.written.shift()).toContain("no demand known yet");
    screen.draw(emptyState());
    expect(terminal.written).toEqual([]);
    screen.draw({ ...emptyState(), phase: "starting" });
    expect(terminal.written.shift()).toBe("\u001b[?2026h\u001b[2;1Hstarting\u001b[0m\u001b[K\u001b[?2026l");
    terminal.columns = 100;
    terminal.resize();
    expect(terminal.written.join("")).toContain("no demand known yet");
    terminal.written.length = 0;
    screen.close();
    screen.close();
    screen.draw(runningState());
    expect(terminal.written).toEqual(["\u001b[?25h\u001b[?1049l"]);
    expect(terminal.listeners.size).toBe(0);
    expect(process.listenerCount("exit")).toBe(exitListeners);
  });

  test.each([
    [{ LANG: "C.UTF-8" }, false],
    [{ LANG: "de_DE.utf8" }, false],
    [{}, false],
    [{ LANG: "C" }, true],
    [{ LANG: "C.UTF-8", LC_ALL: "POSIX" }, true],
    [{ TERM: "linux", LANG: "C.UTF-8" }, true],
  ])("%j: ascii %s", (environment, ascii) => {
    expect(wantsAscii(environment)).toBe(ascii);
  });
});

test("a dumb terminal, a file and a pipe get lines", () => {
  expect(canDraw({ isTTY: true }, { TERM: "xterm-256color" })).toBe(true);
  expect(canDraw({ isTTY: true }, {})).toBe(true);
  expect(canDraw({ isTTY: true }, { TERM: "dumb" })).toBe(false);
  expect(canDraw({}, { TERM: "xterm-256color" })).toBe(false);
});
