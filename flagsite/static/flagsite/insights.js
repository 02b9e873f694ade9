// Pointing at a step of the chart says which changes of the flag were made in it.

const lines = (sentences) => sentences.flatMap((told) => told.match(/.{1,56}(\s|$)|\S{56,}/g) ?? [told]);

window.addEventListener("load", () => {
  const chart = Chart.getChart("insights-chart"); // drawn by Unfold
  if (!chart) return;
  chart.options.plugins.tooltip = {
    usePointStyle: true,
    callbacks: {
      label: ({ dataset, dataIndex, formattedValue }) =>
        dataset.told ? lines(dataset.told[dataIndex]) : `${dataset.label}: ${formattedValue}`,
    },
  };
  chart.options.plugins.legend.labels.usePointStyle = true;
  chart.update();
});
