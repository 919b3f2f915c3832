"use strict";
(() => {
  for (const picture of document.querySelectorAll(".picture")) {
    picture.scrollLeft = (picture.scrollWidth - picture.clientWidth) / 2;
  }
  const panel = document.getElementById("filter");
  if (!panel) return;
  const field = (name) => document.getElementById(`filter-${name}`);
  const rows = [...document.querySelectorAll(".findings > li")].map((row) => ({
    row,
    text: row.textContent.toLowerCase(),
  }));
  const chosen = ["result", "severity", "rule"];
  const apply = () => {
    const words = field("text").value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { row, text } of rows) {
      const fits =
        chosen.every((name) => !field(name).value || row.dataset[name] === field(name).value) &&
        words.every((word) => text.includes(word));
      row.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    field("status").textContent = `${shown} of ${rows.length} findings shown`;
  };
  for (const name of [...chosen, "text"]) field(name).addEventListener("input", apply);
  field("reset").addEventListener("click", () => {
    for (const name of [...chosen, "text"]) field(name).value = "";
    apply();
  });
  panel.hidden = false;
})();
