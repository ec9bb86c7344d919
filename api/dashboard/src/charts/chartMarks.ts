import type uPlot from "uplot";
import { type Moments, NO_MOMENTS } from "../store/moments";
import type { Zoom } from "../view/view";
import { drawMarks, drawShades, laneHeight } from "./drawMarks";
import { type Marks, marksIn } from "./marks";

const NONE: Marks = { lines: [], shades: [], bars: [], lanes: 0 };

/** The marks of one chart: annotations, findings and runs. The plot's hooks draw them. */
export class ChartMarks {
  current: Marks = NONE;
  private moments: Moments = NO_MOMENTS;
  private height = 0;

  constructor(
    private readonly channel: string,
    private readonly font: string,
    private readonly textScale: number,
  ) {}

  /**
   * The height of the space for runs, in CSS pixels.
   *
   * Runs are drawn as bars in up to three rows, called lanes, between the plot and the labels of the time axis.
   */
  get room(): number {
    return this.current.lanes === 0 ? 0 : this.current.lanes * this.lane + 2;
  }

  /** Set the marks that the hooks draw next, and return whether the height `room` has changed. */
  update(moments: Moments, span: Zoom, now: number, height: number): boolean {
    const { room } = this;
    this.height = height;
    this.moments = moments;
    this.current = moments === NO_MOMENTS ? NONE : marksIn(moments, span, now, this.channel);
    return this.room !== room;
  }

  hasDrawn(moments: Moments): boolean {
    return this.moments === moments;
  }

  readonly hooks: uPlot.Hooks.Arrays = {
    drawClear: [(plot) => drawShades(plot, this.current.shades)],
    draw: [(plot) => drawMarks(plot, this.current, this.lane, this.font)],
  };

  private get lane(): number {
    return laneHeight(this.height, this.textScale);
  }
}
