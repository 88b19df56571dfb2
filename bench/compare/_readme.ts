/**
 * The block of the README that is made from results: nobody writes it by hand, so it cannot lie.
 *
 * @module
 */

import { CHARTS } from "./_charts.ts";
import { findCrossover } from "./_crossover.ts";
import { formatBytesRate, formatNs, formatRate, formatRatio, toMarkdown } from "./_format.ts";
import { PROPERTIES } from "./_properties.ts";
import {
  type Cell,
  type Discipline,
  DISCIPLINES,
  formatSize,
  type FullCell,
  isFull,
  OURS,
  type Question,
  QUESTIONS,
  type Results,
} from "./_results.ts";

const START = "<!-- bench:compare -->";
const END = "<!-- /bench:compare -->";
const SMALL = 64;
const PAGE = 4096;
const LARGE = 1 << 20;
const NOTHING = "–";

/**
 * Puts a block between the markers.
 *
 * @throws {TypeError} If they are not there.
 */
export function replaceBlock(readme: string, block: string): string {
  const [start, end] = [readme.indexOf(START), readme.indexOf(END)];
  if (start === -1 || end < start) throw new TypeError(`Expected ${START} and ${END}`);
  return `${readme.slice(0, start + START.length)}\n\n${block}\n\n${readme.slice(end)}`;
}

/** Everything that numbers say. */
export function renderBlock(results: Results): string {
  const { cells, missing } = results;
  return [
    renderProperties(),
    renderCosts(cells),
    "Times and rates are this library's, between two processes; CPU is what both use for one round " +
    "trip. Async, a wait that tends to be short is looked at for up to 50 µs before the event loop " +
    "sleeps: that takes a core on each side, and is what C and the others, which sleep at once, are " +
    "compared with below. Messages through memory are copied in and out here, as the kernel does " +
    "for the others; a program that works in place saves both copies.",
    renderCrossovers(cells),
    ...CHARTS.map(({ file, title }) => `![${title}](bench/results/${file})`),
    "How long ours takes to what the other takes, pair by pair: the median, and the quartiles. Below " +
    "1, ours is faster.",
    renderRivals(cells),
    ...missing.length === 0
      ? []
      : [`Missing: ${missing.map(({ peer, why }) => `${peer} (${why})`).join("; ")}.`],
    renderMachine(results),
  ].join("\n\n");
}

function renderProperties(): string {
  const head = [
    "Mechanism",
    "Direction",
    "Between",
    "Boundaries",
    "Reliability",
    "Flow control",
    "Priority",
    "Lives until",
  ];
  const rows = Object.entries(PROPERTIES).map(([name, of]) => [
    name,
    of.direction,
    of.between,
    of.boundaries,
    of.reliability,
    of.flowControl,
    of.priority,
    of.lifetime,
  ]);
  return toMarkdown(head, rows);
}

/** A column of numbers, from our own cells. */
interface Column {
  head: string;
  question: Question;
  discipline: Discipline;
  sizeBytes: number;
  show: (cell: FullCell) => string;
}

const ROUND_TRIP = { question: "round trip", sizeBytes: SMALL } as const;
const ONE_WAY = { question: "one way", discipline: "blocking" } as const;
const showP50 = ({ p50Ns }: FullCell): string => formatNs(p50Ns);
const showBytes = ({ bytesPerSecond }: FullCell): string => formatBytesRate(bytesPerSecond);
const showRate = ({ perSecond }: FullCell): string => formatRate(perSecond);
const showCpu = ({ cpuNs }: FullCell): string => formatNs(cpuNs);

const COLUMNS: Column[] = [
  { ...ROUND_TRIP, discipline: "blocking", head: "Round trip 64 B, blocking", show: showP50 },
  { ...ROUND_TRIP, discipline: "blocking", head: "CPU", show: showCpu },
  { ...ROUND_TRIP, discipline: "async", head: "async", show: showP50 },
  { ...ROUND_TRIP, discipline: "async", head: "CPU", show: showCpu },
  { ...ONE_WAY, sizeBytes: SMALL, head: "One way 64 B, blocking", show: showRate },
  { ...ONE_WAY, sizeBytes: PAGE, head: "4 KiB", show: showBytes },
  { ...ONE_WAY, sizeBytes: LARGE, head: "1 MiB", show: showBytes },
];

function renderCosts(cells: Cell[]): string {
  const ours = cells.filter(isFull).filter(({ peer }) => peer === OURS);
  const head = ["Mechanism", "Promises wait through", "Descriptor", "Copies", "Limit"];
  const rows = Object.entries(PROPERTIES).map(([mechanism, of]) => [
    mechanism,
    of.async,
    of.descriptor,
    of.copies,
    of.limit,
    ...COLUMNS.map(({ question, discipline, sizeBytes, show }) => {
      const found = ours.find((cell) =>
        cell.mechanism === mechanism && cell.question === question &&
        cell.discipline === discipline && cell.sizeBytes === sizeBytes
      );
      return found === undefined ? NOTHING : show(found);
    }),
  ]);
  return toMarkdown([...head, ...COLUMNS.map(({ head }) => head)], rows);
}

/** Where shared memory starts to win, for each question that was asked. */
function renderCrossovers(cells: Cell[]): string {
  const lines = QUESTIONS.flatMap((question) =>
    DISCIPLINES.filter((discipline) => discipline !== "spinning").map((discipline) => {
      const found = findCrossover(cells, question, discipline);
      const where = `${question}, ${discipline}`;
      if (found === undefined) return `- ${where}: it does not win at every larger size.`;
      const { sizeBytes, factor, memory, other, largestBytes, largestFactor } = found;
      const atEnd = largestBytes === sizeBytes
        ? ""
        : `, ${times(largestFactor)} at ${formatSize(largestBytes)}`;
      return `- ${where}: from ${formatSize(sizeBytes)} on (${memory} ${
        times(factor)
      } as fast as ` +
        `${other})${atEnd}.`;
    })
  );
  return `**Where shared memory starts to win** over the best of all others:\n\n${
    lines.join("\n")
  }`;
}

function times(factor: number): string {
  return `${factor.toFixed(factor < 2 ? 2 : 1)} times`;
}

function renderRivals(cells: Cell[]): string {
  const head = [
    "Other",
    "Ours",
    "Waits",
    ...QUESTIONS.flatMap((question) =>
      [SMALL, PAGE, LARGE].map((size) => `${question} ${formatSize(size)}`)
    ),
  ];
  const rivals = new Map(
    cells.filter(({ peer }) => peer !== OURS).map((cell) => [nameRival(cell), cell]),
  );
  const rows = [...rivals.values()].map(({ peer, mechanism, discipline }) => {
    const own = cells.filter((cell) =>
      cell.peer === peer && cell.mechanism === mechanism && cell.discipline === discipline
    );
    const ratios = QUESTIONS.flatMap((question) =>
      [SMALL, PAGE, LARGE].map((size) => {
        const cell = own.find((cell) => cell.question === question && cell.sizeBytes === size);
        const ratio = cell !== undefined && isFull(cell) ? cell.ratio : undefined;
        return ratio === undefined ? NOTHING : formatRatio(ratio);
      })
    );
    return [peer, mechanism, discipline, ...ratios];
  });
  return toMarkdown(head, rows);
}

function nameRival({ peer, mechanism, discipline }: Cell): string {
  return [discipline, mechanism, peer].join();
}

function renderMachine({ machine, method }: Results): string {
  const { cpu, cores, kernel, deno, gcc, node, python, date } = machine;
  return `Measured on ${date}: ${cpu}, ${cores} cores, Linux ${kernel}, Deno ${deno}, gcc ${gcc}, ` +
    `Node ${node}, Python ${python}; ${method.pinned}; programs run in turns, ` +
    `${method.turns} of ${method.turnMs} ms in each of ${method.starts} starts. All cells are in ` +
    "[bench/results/compare.json](bench/results/compare.json); " +
    "`deno task bench:compare --results` takes them again.";
}
