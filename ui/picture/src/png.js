// Saves what is shown as a PNG file: the layers of the stage, from the paper up, in one canvas.
export function compose({ renderer, theme, stage }) {
  renderer.refresh({ partialGraph: {}, skipIndexation: true }); // WebGL layers can be read until the task ends
  const layers = renderer.getCanvases();
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: layers.lit.width, height: layers.lit.height });
  const context = canvas.getContext("2d");
  context.fillStyle = theme.paper;
  context.fillRect(0, 0, canvas.width, canvas.height);
  const dim = stage.classList.contains("dim");
  for (const name of ["edges", "nodes", "names", "lit"]) {
    context.globalAlpha = !dim || name === "lit" ? 1 : name === "names" ? 0 : 0.16;
    context.drawImage(layers[name], 0, 0, canvas.width, canvas.height);
  }
  return canvas;
}

export function save(picture) {
  compose(picture).toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = "graph.png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}
