// What the pages do better with a script, and do without: suggestions under the search box (the combobox of the ARIA Authoring
// Practices), and the page's one address in the window, so that what is copied from there is the same for all.
(() => {
  "use strict";

  const canonical = document.querySelector("link[rel=canonical]");
  if (canonical) {
    const search = new URL(canonical.href).search;
    if (search !== location.search) history.replaceState(null, "", location.pathname + search + location.hash);
  }

  const box = document.querySelector("input[data-suggest]");
  if (!box) return;

  const pause = 120; // milliseconds after a letter, so that a fast typist does not ask for every one
  const list = document.createElement("ul");
  list.id = "suggestions";
  list.className = "suggestions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.dataset.label);
  list.hidden = true;
  const told = document.createElement("div"); // what is read aloud
  told.className = "off";
  told.setAttribute("role", "status");
  box.after(list);
  box.form.append(told);
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-controls", list.id);
  box.setAttribute("aria-expanded", "false");

  let shown = []; // the suggestions in the list
  let active = -1; // which of them the arrows have come to; -1 is the box
  let timer = 0;
  let asking = new AbortController();

  const stop = () => { // nothing that was asked for may come any more
    clearTimeout(timer);
    asking.abort();
  };

  const close = () => {
    stop();
    list.hidden = true;
    list.replaceChildren();
    told.textContent = "";
    shown = [];
    active = -1;
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  };

  const move = (to) => {
    stop(); // the list must not change under the arrows
    list.children[active]?.setAttribute("aria-selected", "false");
    active = to;
    const option = list.children[active];
    if (!option) {
      box.removeAttribute("aria-activedescendant");
      return;
    }
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    box.setAttribute("aria-activedescendant", option.id);
  };

  const choose = (s) => {
    close();
    if (s.url) {
      location.assign(s.url);
      return;
    }
    box.value = s.query;
    box.form.requestSubmit();
  };

  const show = (suggestions) => {
    close();
    if (suggestions.length === 0 || document.activeElement !== box) return;
    shown = suggestions;
    list.replaceChildren(...shown.map((s, i) => {
      const option = document.createElement("li");
      option.id = "suggestion-" + i;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      const label = document.createElement("span");
      label.textContent = s.label;
      label.dir = "auto";
      if (s.lang) label.lang = s.lang;
      const note = document.createElement("span");
      note.className = "note";
      note.textContent = s.note;
      option.append(label, " ", note);
      option.addEventListener("mousedown", (e) => e.preventDefault()); // the box keeps the focus
      option.addEventListener("click", () => choose(s));
      return option;
    }));
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
    told.textContent = box.dataset.found.replace("%s", shown.length);
  };

  const ask = async () => {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    const typed = box.value;
    if (typed.trim().length < 2) {
      close();
      return;
    }
    const address = new URL(box.dataset.suggest, location.href);
    address.searchParams.set("q", typed);
    try {
      const answer = await fetch(address, { signal, headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(answer.status);
      const { suggestions } = await answer.json();
      if (!signal.aborted && box.value === typed) show(suggestions);
    } catch {
      if (!signal.aborted) close(); // the box is as good without
    }
  };

  box.addEventListener("input", (e) => {
    clearTimeout(timer);
    if (!e.isComposing) timer = setTimeout(ask, pause);
  });
  box.addEventListener("blur", close);
  box.addEventListener("keydown", (e) => {
    if (e.isComposing) return;
    const open = shown.length > 0;
    switch (e.key) {
      case "ArrowDown":
        if (open) move(active + 1 < shown.length ? active + 1 : -1);
        else ask();
        break;
      case "ArrowUp":
        if (!open) return;
        move(active < 0 ? shown.length - 1 : active - 1);
        break;
      case "Enter":
        if (!open || active < 0) {
          close(); // the form goes with what is typed
          return;
        }
        choose(shown[active]);
        break;
      case "Escape":
        if (!open) return;
        close();
        break;
      default:
        return;
    }
    e.preventDefault();
  });
})();
