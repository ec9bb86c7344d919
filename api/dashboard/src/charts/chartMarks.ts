import type uPlot from "uplot";
import { type Moments, NO_MOMENTS } from "../store/moments";
import type { Zoom } from "../view/view";
import { drawMarks, drawShades, laneHeight } from "./drawMarks";
import { type Marks, marksIn } from "./marks";

const NONE: Marks = { lines: [], shades: [], bars: [], lanes: 0 };

/** The marks of one chart: annotations, findings and runs, as hooks of its plot. */
export class ChartMarks {
  current: Marks = NONE;
  private moments: Moments = NO_MOMENTS;
  private height = 0;

  constructor(
    private readonly channel: string,
    private readonly font: string,
    private readonly textScale: number,
  ) {}

  /** The room that runs take between the plot and its times, in CSS pixels. */
  get room(): number {
    return this.current.lanes === 0 ? 0 : this.current.lanes * this.lane + 2;
  }

  /** The marks that uPlot's hooks draw next. Returns whether they take more or less room than before. */
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
