/** One property over time, out of rollups and raw readings: the hub chooses by the number of points asked for. */
import { Text, useComputedColorScheme } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { LineChart } from "echarts/charts";
import { DataZoomComponent, GridComponent, TooltipComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { useEffect, useRef } from "react";
import { ask } from "./api";
import { type Property, written } from "./models";
import { say } from "./words";

use([LineChart, GridComponent, TooltipComponent, DataZoomComponent, CanvasRenderer]);

const POINTS = 400;
interface Bucket {
  at: string;
  min: number | null;
  mean: number | null;
  max: number | null;
  last: unknown;
}

const asNumber = (value: unknown): number | null => (typeof value === "number" ? value : typeof value === "boolean" ? Number(value) : null);

export default function Chart({ thing, property, from }: { thing: string; property: Property; from: string }) {
  const place = useRef<HTMLDivElement>(null);
  const dark = useComputedColorScheme("light") === "dark";
  const { data } = useQuery({
    queryKey: ["history", thing, property.key, from],
    queryFn: () => ask<{ points: Bucket[] }>(`/things/${encodeURIComponent(thing)}/history?property=${encodeURIComponent(property.key)}&from=${from}&points=${POINTS}`),
    refetchInterval: 30_000,
  });
  useEffect(() => {
    if (!place.current || !data?.points.length) return;
    const chart = init(place.current, dark ? "dark" : undefined);
    const line = (of: (bucket: Bucket) => number | null) => data.points.map((bucket) => [bucket.at, of(bucket)]);
    const steps = property.schema.kind === "bool" || property.schema.kind === "enum";
    chart.setOption({
      backgroundColor: "transparent",
      animation: false,
      grid: { left: 48, right: 12, top: 16, bottom: 56 },
      tooltip: { trigger: "axis", valueFormatter: (value: unknown) => written(value, property) },
      dataZoom: [{ type: "inside" }, { type: "slider", height: 18, bottom: 8 }],
      xAxis: { type: "time", min: from, max: Date.now() },
      yAxis: { type: "value", scale: true },
      series: steps
        ? [{ type: "line", step: "end", showSymbol: false, data: line((bucket) => asNumber(bucket.last)) }]
        : [
            { name: "max", type: "line", showSymbol: false, lineStyle: { width: 1, opacity: 0.4 }, data: line((bucket) => bucket.max) },
            { name: "mean", type: "line", showSymbol: data.points.length < 3, data: line((bucket) => bucket.mean) },
            { name: "min", type: "line", showSymbol: false, lineStyle: { width: 1, opacity: 0.4 }, data: line((bucket) => bucket.min) },
          ],
    });
    const sized = new ResizeObserver(() => chart.resize());
    sized.observe(place.current);
    return () => {
      sized.disconnect();
      chart.dispose();
    };
  }, [data, dark, property, from]);
  if (data && !data.points.length) return <Text c="dimmed">{say("noHistory")}</Text>;
  return <div ref={place} className="chart" role="img" aria-label={property.key} />;
}
