/** A picture of numbers that stands still: bars, or lines over each other. Its numbers are told in words too. */
import { useComputedColorScheme } from "@mantine/core";
import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";

use([BarChart, LineChart, GridComponent, TooltipComponent, LegendComponent, CanvasRenderer]);

export interface Row {
  name: string;
  values: (number | null)[];
  stack?: string;
}

export function Plot({ kind, across, rows, unit, label, height = 300 }: { kind: "bar" | "line"; across: string[]; rows: Row[]; unit: string; label: string; height?: number }) {
  const place = useRef<HTMLDivElement>(null);
  const dark = useComputedColorScheme("light") === "dark";
  const stamp = JSON.stringify([across, rows, unit, kind]);
  useEffect(() => {
    if (!place.current) return;
    const chart = init(place.current, dark ? "dark" : undefined);
    chart.setOption({
      backgroundColor: "transparent",
      animation: false,
      legend: { type: "scroll", top: 0 },
      grid: { left: 56, right: 12, top: 34, bottom: 28 },
      tooltip: { trigger: "axis", confine: true, renderMode: "richText" }, // its markup has styles, which the page's policy refuses
      xAxis: { type: "category", data: across, axisLabel: { hideOverlap: true } },
      yAxis: { type: "value", name: unit, scale: kind === "line" },
      series: rows.map((row) => ({ type: kind, name: row.name, stack: row.stack, data: row.values, showSymbol: false })),
    });
    const sized = new ResizeObserver(() => chart.resize());
    sized.observe(place.current);
    return () => {
      sized.disconnect();
      chart.dispose();
    };
  }, [stamp, dark]);
  return <div ref={place} className="chart" style={{ height }} role="img" aria-label={label} />;
}
