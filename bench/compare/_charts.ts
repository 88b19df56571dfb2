/**
 * One chart for each question, as SVG that is readable on light and on dark ground.
 *
 * @module
 */

import * as echarts from "echarts";
import { MECHANISMS } from "./_plan.ts";
import {
  type Cell,
  type Discipline,
  DISCIPLINES,
  formatSize,
  type FullCell,
  isFull,
  OURS,
  type Question,
} from "./_results.ts";
import { median } from "./_statistics.ts";

/** A chart, and the file it is kept in. */
export interface Chart {
  file: string;
  title: string;
  axis: string;
  /** Cells that it shows, and what of them. */
  question: Question;
  shows: (cell: FullCell) => boolean;
  value: (cell: FullCell) => number;
  /** What a step of the axis multiplies by. */
  logBase: number;
}

export const CHARTS: Chart[] = [
  {
    file: "round-trip.svg",
    title: "How long does a round trip take?",
    axis: "µs, median",
    question: "round trip",
    shows: ({ peer }) => peer !== "C",
    value: ({ turnsNs }) => median(turnsNs) / 1e3,
    logBase: 10,
  },
  {
    file: "one-way.svg",
    title: "How much goes one way?",
    axis: "MB/s",
    question: "one way",
    shows: ({ peer }) => peer !== "C",
    value: ({ bytesPerSecond }) => bytesPerSecond / 1e6,
    logBase: 10,
  },
  {
    file: "round-trip-to-c.svg",
    title: "How long is a round trip, compared with C?",
    axis: "times C",
    question: "round trip",
    shows: ({ peer }) => peer === "C",
    value: ({ ratio }) => ratio!.median,
    logBase: 2,
  },
  {
    file: "one-way-to-c.svg",
    title: "How long does one way take, compared with C?",
    axis: "times C",
    question: "one way",
    shows: ({ peer }) => peer === "C",
    value: ({ ratio }) => ratio!.median,
    logBase: 2,
  },
];

const WIDTH = 960;
const TITLE = 50;
const PANEL = 380;
const SMALL_PANEL = 210;
/** Above and below the axes of a panel. */
const PADDING = { top: 34, bottom: 30, left: 84, right: 276 };
const LABEL_GAP = 22;

/** Tones that stand out from white and from black. */
const TEXT = "#7d8590";
const GRID = "#7d859040";
const TEXT_STYLE = { color: TEXT, fontFamily: "sans-serif" };
const COLORS = [
  "#3b82f6",
  "#e5680f",
  "#16a34a",
  "#d6409f",
  "#8b5cf6",
  "#b7850b",
  "#0d9bb5",
  "#e5484d",
  "#6b8e23",
  "#a1745b",
  "#64748b",
];

/** Draws one chart: a panel for each discipline. */
export function drawChart(chart: Chart, cells: Cell[]): string {
  const chosen = cells.filter(isFull).filter((cell) =>
    cell.question === chart.question && chart.shows(cell) &&
    (cell.peer !== "C" || cell.ratio !== undefined)
  );
  const sizes = sizesOf(chosen);
  const panels = layOut(chosen);
  const height = TITLE + panels.reduce((sum, panel) => sum + panel.height, 0);
  const drawing = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  drawing.setOption({
    animation: false,
    textStyle: TEXT_STYLE,
    title: makeTitles(chart, panels),
    grid: panels.map(({ top, height }) => ({
      left: PADDING.left,
      right: PADDING.right,
      top: top + PADDING.top,
      height: height - PADDING.top - PADDING.bottom,
    })),
    xAxis: panels.map((_, gridIndex) => makeSizeAxis(gridIndex, sizes)),
    yAxis: panels.map((_, gridIndex) => makeValueAxis(gridIndex, chart)),
    series: panels.flatMap(({ discipline }, index) =>
      makeLines(chart, sizes, chosen.filter((cell) => cell.discipline === discipline), index)
    ),
  });
  const svg = drawing.renderToSVGString();
  drawing.dispose();
  return svg;
}

interface Panel {
  discipline: Discipline;
  top: number;
  height: number;
}

function layOut(cells: FullCell[]): Panel[] {
  let top = TITLE;
  return DISCIPLINES.flatMap((discipline) => {
    const own = cells.filter((cell) => cell.discipline === discipline);
    if (own.length === 0) return [];
    const height = new Set(own.map(nameLine)).size > 3 ? PANEL : SMALL_PANEL;
    top += height;
    return [{ discipline, top: top - height, height }];
  });
}

function makeTitles({ title, axis }: Chart, panels: Panel[]): echarts.TitleComponentOption[] {
  return [
    { text: title, left: 8, top: 8, textStyle: { ...TEXT_STYLE, fontSize: 18 } },
    ...panels.map(({ discipline, top }) => ({
      text: `${discipline}, ${axis}`,
      left: 8,
      top,
      textStyle: { ...TEXT_STYLE, fontSize: 13 },
    })),
  ];
}

function makeValueAxis(gridIndex: number, { logBase }: Chart): echarts.YAXisComponentOption {
  return {
    gridIndex,
    type: "log",
    logBase,
    axisLabel: { color: TEXT, formatter: (value: number) => value.toLocaleString("en") },
    splitLine: { lineStyle: { color: GRID } },
  };
}

function makeSizeAxis(gridIndex: number, sizes: number[]): echarts.XAXisComponentOption {
  return {
    gridIndex,
    type: "category",
    data: sizes.map(formatSize),
    boundaryGap: false,
    axisLabel: { color: TEXT },
    axisLine: { lineStyle: { color: TEXT } },
  };
}

/** Ours in full, rivals dashed; the names stand in a column, moved where they would hide another. */
function makeLines(
  chart: Chart,
  sizes: number[],
  cells: FullCell[],
  index: number,
): echarts.LineSeriesOption[] {
  const names = [...new Set(cells.map(nameLine))];
  return names.map((name) => {
    const own = cells.filter((cell) => nameLine(cell) === name);
    const color = colorOf(name, names);
    return {
      type: "line",
      name,
      xAxisIndex: index,
      yAxisIndex: index,
      color,
      symbolSize: 4,
      lineStyle: { width: 2, type: isRival(own[0]!) ? "dashed" : "solid" },
      data: sizes.map((size) => {
        const cell = own.find(({ sizeBytes }) => sizeBytes === size);
        return cell === undefined ? null : Number(chart.value(cell).toPrecision(4));
      }),
      endLabel: { show: true, formatter: "{a}", color, fontSize: 12 },
      labelLayout: { x: WIDTH - PADDING.right + LABEL_GAP, moveOverlap: "shiftY" },
    };
  });
}

/** Our mechanisms have the same colour in every chart. */
function colorOf(name: string, names: string[]): string {
  const ours = Object.keys(MECHANISMS);
  const at = ours.includes(name)
    ? ours.indexOf(name)
    : names.filter((other) => !ours.includes(other)).indexOf(name);
  return COLORS[at % COLORS.length]!;
}

/** What C takes is shown as our ratio to it. */
function isRival({ peer }: { peer: string }): boolean {
  return peer !== OURS && peer !== "C";
}

/** A line is ours by its mechanism, C's too; that of another by its own name. */
function nameLine({ peer, mechanism }: FullCell): string {
  return isRival({ peer }) ? peer : mechanism;
}

function sizesOf(cells: FullCell[]): number[] {
  return [...new Set(cells.map(({ sizeBytes }) => sizeBytes))].sort((a, b) => a - b);
}
