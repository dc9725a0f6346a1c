// Draws the dictionary `view` of a design round, and sends back what was typed or pressed; the clock ticks here.

const HELP = {
  questions: "A question a line, then Enter. If no answer fits, ask in other words.",
  number: "A number with its unit, then Enter.",
  words: "A line, then Enter; as many as you like. Then press Done.",
  tick: "Tick what you said, then press These.",
};

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "html") made.innerHTML = value; // written and escaped by Python
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

const text = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

function render({ model, el }) {
  const root = node("section", {
    class: "embedlab-quiz", "aria-label": "Design round", "data-lm-suppress-shortcuts": "true",
  });
  const send = (what, said = "") => model.send({ do: what, text: said });
  const field = () => root.querySelector("input[type=text]");
  let since = Date.now();

  function finish() {
    const view = model.get("view");
    if (view.phase === "shown") return send("next");
    if (view.kind !== "tick") return send("done", field()?.value || "");
    const chosen = [...root.querySelectorAll("input[data-place]")].filter((one) => one.checked);
    send("tick", chosen.map((one) => one.dataset.place).join(" "));
  }

  function enter() {
    const typed = field()?.value.trim();
    if (model.get("view").kind === "number" || !typed) return finish();
    send("line", typed);
  }

  const clock = (view) =>
    `${view.place} · ${text(view.spent + (Date.now() - since) / 1000)} of ${text(60 * view.minutes)}`;

  function step(view) {
    const rows = view.points.map((line, i) =>
      node("label", {}, node("input", { type: "checkbox", "data-place": i + 1 }), node("span", { html: line })));
    const typed = view.kind === "tick"
      ? node("fieldset", {}, node("legend", {}, HELP.tick), ...rows)
      : node("label", {}, node("span", {}, HELP[view.kind]),
          node("input", { type: "text", size: view.kind === "number" ? 16 : 60, autocomplete: "off" }),
          view.kind === "number" ? view.unit : "");
    return [
      node("p", { class: "facts clock" }, clock(view)),
      node("details", view.open ? { open: "" } : {}, node("summary", {}, "The case"), node("div", { html: view.prompt })),
      node("div", { html: view.ask }),
      node("div", { role: "log" }, ...view.said.map((line) => node("p", { html: line }))),
      typed,
      node("div", { role: "status", class: "hint" }, view.hint ? "Hint: " : "", node("span", { html: view.hint || "" })),
      node("div", { role: "alert", class: "error" }, view.error || ""),
      node("div", { class: "buttons" },
        node("button", { class: "main", onclick: finish }, view.kind === "tick" ? "These" : "Done"),
        view.kind === "tick" ? "" : node("button", { onclick: () => send("hint") }, "Hint"),
        view.kind === "tick" ? "" : node("button", { onclick: () => send("skip") }, "Skip")),
    ];
  }

  function shown(view) {
    const links = view.links.map((one) => node("li", {}, node("a", { href: one.href, target: "_blank" }, one.heading)));
    return [
      node("p", { class: "facts" }, view.place),
      node("div", { html: view.ask }),
      node("p", { role: "status", class: "verdict" }, view.verdict),
      node("div", { html: view.shows }),
      links.length ? node("div", {}, "Measured in", node("ul", {}, ...links)) : "",
      node("div", { role: "alert", class: "error" }, view.error || ""),
      node("div", { class: "buttons" }, node("button", { class: "main", onclick: finish }, "Next")),
    ];
  }

  function over(view) {
    return [
      node("p", { role: "status", class: "verdict" }, view.verdict),
      ...view.lines.map((line) => node("p", {}, line)),
      ...view.remarks.map((line) => node("p", { html: line })),
      node("div", { html: view.shows }),
      node("p", {}, "Read again:"),
      node("ul", {}, ...view.reads.map((line) => node("li", {}, line))),
      node("div", { role: "alert", class: "error" }, view.error || ""),
    ];
  }

  function draw() {
    const view = model.get("view");
    const key = `${view.phase} ${view.ask} ${view.kind}`;
    if (root.dataset.key !== key) since = Date.now();
    const chosen = root.dataset.key === key
      ? [...root.querySelectorAll("input[data-place]")].map((one) => one.checked) : [];
    const parts = { step, shown, over }[view.phase];
    const focused = root.contains(document.activeElement);
    root.replaceChildren(
      view.notice ? node("p", { class: "error" }, view.notice) : "",
      ...(parts ? parts(view) : [node("p", {}, view.error || "The round is loading.")])
    );
    root.dataset.key = key;
    root.querySelectorAll("input[data-place]").forEach((one, i) => { one.checked = Boolean(chosen[i]); });
    if (focused) (field() || root.querySelector("button.main"))?.focus({ preventScroll: true });
  }

  root.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.target.matches("button, a, summary")) {
      event.preventDefault();
      enter();
    }
    event.stopPropagation();
  });
  const ticking = setInterval(() => {
    const place = root.querySelector(".clock");
    if (place) place.textContent = clock(model.get("view"));
  }, 1000);
  model.on("change:view", draw);
  el.append(root);
  draw();
  send("ready");
  return () => {
    clearInterval(ticking);
    model.off("change:view", draw);
  };
}

export default { render };
