import type { History } from "../../../../../contract/monitoring.ts";
import { numberText } from "./numbers.ts";
import { durationText } from "./times.ts";

export type ChartLine = {
  readonly name: keyof History["series"];
  readonly label: string;
  /** Colours are not all that tells lines apart. */
  readonly dash: readonly number[];
  /** The number of its colour in the style sheet. */
  readonly colour: number;
};

export type ChartPlan = {
  readonly title: string;
  readonly value: (value: number) => string;
  /** Steps that the axis may have, where tens and fives make no sense. */
  readonly increments?: readonly number[];
  readonly lines: readonly ChartLine[];
};

export const chartPlans: readonly ChartPlan[] = [
  {
    title: "Messages that wait",
    value: numberText,
    lines: [{ name: "pending", label: "waiting", dash: [], colour: 1 }],
  },
  {
    title: "Age of the oldest",
    value: durationText,
    increments: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 86_400],
    lines: [{ name: "oldest_age_seconds", label: "oldest", dash: [], colour: 2 }],
  },
  {
    title: "Deliveries",
    value: numberText,
    lines: [
      { name: "accepted", label: "events accepted", dash: [6, 4], colour: 2 },
      { name: "delivered", label: "messages delivered", dash: [], colour: 1 },
      { name: "refused", label: "messages refused", dash: [2, 3], colour: 3 },
    ],
  },
  {
    title: "Requests",
    value: numberText,
    lines: [
      { name: "requests", label: "requests", dash: [], colour: 1 },
      { name: "limited", label: "over a limit", dash: [6, 4], colour: 2 },
      { name: "unauthenticated", label: "without a key", dash: [8, 3, 2, 3], colour: 4 },
      { name: "errors", label: "5xx", dash: [2, 3], colour: 3 },
    ],
  },
];
