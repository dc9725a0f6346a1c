// Draws the dictionary `view` that Python holds, and sends back what was pressed. No state of its own but
// what is being chosen or typed.

const HELP = {
  single: "Choose one (keys 1 to 9), then Enter.",
  bug: "What is wrong? Choose one (keys 1 to 9), then Enter.",
  multiple: "Choose all that are right (keys 1 to 9), then Enter.",
  ordering: "Type the numbers in the right order, such as 231, then Enter.",
  numeric: "Type a number, then Enter.",
  flashcard: "Say it aloud, or write it down for yourself. Then compare.",
};

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "html") made.innerHTML = value; // written and escaped by Python
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

function toHeading(event, heading) {
  const plain = (text) => text.replace(/[¶#]/g, "").replace(/\s+/g, " ").trim();
  const found = [...document.querySelectorAll("h1, h2, h3, h4, h5")].find(
    (one) => plain(one.textContent) === plain(heading)
  );
  if (!found) return; // the link itself then opens the chapter
  event.preventDefault();
  found.scrollIntoView({ block: "start" });
  found.tabIndex = -1;
  found.focus({ preventScroll: true });
}

function render({ model, el }) {
  const number = String(Math.random()).slice(2); // names must differ where a widget is shown twice
  const root = node("section", {
    class: "embedlab-quiz",
    "aria-label": "Quiz",
    "data-lm-suppress-shortcuts": "true", // digits and Enter are answers here, not commands of JupyterLab
  });
  const send = (what, text) => model.send({ do: what, text });
  const inputs = () => [...root.querySelectorAll("input[data-place]")];

  function submit() {
    const view = model.get("view");
    if (view.phase === "explained") return send("next");
    if (view.phase !== "question") return;
    if (view.kind === "flashcard" && !view.revealed) return send("reveal");
    const field = root.querySelector("input[type=text]");
    const chosen = inputs().filter((one) => one.checked).map((one) => one.dataset.place);
    send("answer", field ? field.value : chosen.join(" "));
  }

  function choices(view) {
    const type = view.kind === "multiple" || view.kind === "flashcard" ? "checkbox" : "radio";
    const rows = view.lines.map((line, i) =>
      node("label", {},
        node("input", { type, name: "choice" + number, "data-place": i + 1 }),
        node("span", { class: "place", "aria-hidden": "true" }, String(i + 1)),
        node("span", { html: line }))
    );
    return node("fieldset", {}, node("legend", {}, view.help || HELP[view.kind]), ...rows);
  }

  function typed(view) {
    const field = node("input", {
      type: "text", inputmode: "decimal", autocomplete: "off", id: "typed" + number, size: 14,
    });
    return node("div", {},
      view.lines.length ? node("ol", {}, ...view.lines.map((line) => node("li", { html: line }))) : "",
      node("label", { for: "typed" + number }, HELP[view.kind]), node("br"), field, " ", view.unit || "");
  }

  function question(view) {
    const free = view.kind === "flashcard" && !view.revealed;
    const text = view.kind === "numeric" || view.kind === "ordering";
    return [
      node("p", { class: "facts" }, `${view.place} · ${view.facts}`),
      node("div", { html: view.question, id: "question" + number }),
      free ? node("p", { class: "facts" }, HELP.flashcard) : text ? typed(view) : choices(view),
      node("div", { role: "status", class: "hint" }, view.hint ? "Hint: " : "", node("span", { html: view.hint || "" })),
      node("div", { role: "alert", class: "error" }, view.error || ""),
      node("div", { class: "buttons" },
        node("button", { class: "main", onclick: submit }, free ? "Show the points" : "Answer"),
        node("button", { onclick: () => send("hint") }, "Hint (?)"),
        node("button", { onclick: () => send("skip") }, "I don't know")),
    ];
  }

  function explained(view) {
    const reasons = view.reasons.map((one) =>
      node("li", { class: one.right ? "right" : "wrong" },
        node("strong", {}, one.right ? "Right" : "Wrong", one.chosen ? ", your choice" : ""), ": ",
        node("span", { html: one.text }), node("br"), node("span", { class: "why", html: one.why })));
    return [
      node("p", { class: "facts" }, view.place),
      node("div", { html: view.question }),
      node("p", { role: "status", class: "verdict " + (view.score === 1 ? "right" : "wrong") }, view.verdict),
      reasons.length ? node("ol", {}, ...reasons) : "",
      view.lines.length && !reasons.length ? node("ol", {}, ...view.lines.map((line) => node("li", { html: line }))) : "",
      node("div", { html: view.explanation }),
      view.link
        ? node("p", {}, "Taught in ",
            node("a", { href: view.link, target: "_blank", onclick: (event) => toHeading(event, view.heading) }, view.heading))
        : "",
      view.sources ? node("p", { class: "facts" }, "Source: " + view.sources) : "",
      node("div", { role: "alert", class: "error" }, view.error || ""),
      node("div", { class: "buttons" }, node("button", { class: "main", onclick: submit }, "Next")),
    ];
  }

  function done(view) {
    return [
      node("p", { role: "status", class: "verdict" }, view.verdict),
      view.gaps.length ? node("p", {}, "To work on: ", node("span", { html: view.gaps.join("; ") })) : "",
      node("p", { class: "history" }, view.history),
      ...view.remarks.map((line) => node("p", { class: "facts" }, line)),
      node("p", { class: "facts" }, "Run the cell again for other questions, or in a terminal: embedlab quiz"),
    ];
  }

  function draw(event) {
    const view = model.get("view");
    const parts = { question, explained, done }[view.phase];
    const before = root.contains(document.activeElement);
    const kept = inputs().filter((one) => one.checked).map((one) => one.dataset.place);
    const words = root.querySelector("input[type=text]")?.value;
    const same = root.dataset.question === view.question && root.dataset.phase === view.phase && !view.revealed;
    root.replaceChildren(
      view.notice ? node("p", { class: "error" }, view.notice) : "",
      ...(parts ? parts(view) : [node("p", {}, view.error || "The quiz is loading.")])
    );
    root.dataset.question = view.question || "";
    root.dataset.phase = view.phase || "";
    if (same) { // a hint or an error: what was chosen stays
      inputs().forEach((one) => { one.checked = kept.includes(one.dataset.place); });
      const field = root.querySelector("input[type=text]");
      if (field && words !== undefined) field.value = words;
    }
    // Whoever works by keyboard goes on by keyboard; the page does not jump for somebody who reads elsewhere.
    if (event && before) {
      (root.querySelector("input") || root.querySelector("button.main"))?.focus({ preventScroll: true });
    }
  }

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.matches("input[type=text]");
    if (event.key === "Enter" && !event.target.matches("button, a")) {
      event.preventDefault();
      submit();
    } else if (event.key === "?") {
      event.preventDefault();
      send("hint");
    } else if (/^[1-9]$/.test(event.key) && !typing) {
      const one = inputs()[event.key - 1];
      if (one) {
        one.checked = one.type === "radio" || !one.checked;
        one.focus({ preventScroll: true });
      }
    }
    event.stopPropagation();
  });
  model.on("change:view", draw);
  el.append(root);
  draw();
  send("ready");
  return () => model.off("change:view", draw);
}

export default { render };
