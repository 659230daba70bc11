// The preview, its wipe and uploads. Everything is fetched from this page's own server.
"use strict";

const studio = {
  view: "both", // "both": before and after; "matte"
  position: 50, // of the wipe, in hundredths of the width
  number: 0, // of the picture that is shown
  drawn: 0, // how many were
  bitmap: null,
  pen: null, // what is drawn with the next drag: "keep_in", "keep_out", or nothing
};
window.studio = studio;

const RATE = 12;
const nap = (ms) => new Promise((done) => setTimeout(done, ms));
const at = (id) => document.getElementById(id);

studio.show = (view) => {
  studio.view = view;
  studio.number = 0;
  studio.draw();
};

studio.draw = () => {
  const canvas = at("preview");
  const stage = at("stage");
  if (!canvas || !stage) return;
  const bitmap = studio.bitmap;
  stage.classList.toggle("empty", !bitmap);
  stage.classList.toggle("plain", studio.view !== "both");
  if (!bitmap) {
    if (studio.pen) studio.pick(null);
    return;
  }
  const isBoth = studio.shown === "both";
  const width = bitmap.width;
  const height = isBoth ? bitmap.height / 2 : bitmap.height;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const pen = canvas.getContext("2d");
  if (!isBoth) {
    pen.drawImage(bitmap, 0, 0);
    return;
  }
  const edge = Math.round((width * studio.position) / 100);
  pen.drawImage(bitmap, 0, height, width, height, 0, 0, width, height);
  if (edge > 0) pen.drawImage(bitmap, 0, 0, edge, height, 0, 0, edge, height);
};

studio.move = (position) => {
  studio.position = Math.min(100, Math.max(0, position));
  const wipe = at("wipe");
  if (wipe) {
    wipe.style.left = `${studio.position}%`;
    wipe.setAttribute("aria-valuenow", Math.round(studio.position));
  }
  studio.draw();
};

async function fetchPicture() {
  const view = studio.view;
  const answer = await fetch(`/preview/${view}?after=${studio.number}`);
  if (answer.status === 403) return false;
  if (answer.headers.get("x-picture") === "none") {
    studio.bitmap?.close();
    studio.bitmap = null;
    studio.draw();
  }
  if (answer.status !== 200) return true;
  const bitmap = await createImageBitmap(await answer.blob());
  if (view !== studio.view) return true;
  studio.bitmap?.close();
  studio.bitmap = bitmap;
  studio.shown = view;
  studio.number = Number(answer.headers.get("x-picture"));
  studio.drawn += 1;
  at("stage")?.style.setProperty("--aspect", answer.headers.get("x-aspect"));
  studio.draw();
  return true;
}

async function watch() {
  // One request at a time: a slow page asks for fewer pictures, and none while nobody looks.
  for (;;) {
    const began = performance.now();
    let pause = 1000 / RATE;
    if (document.hidden) pause = 400;
    else {
      try {
        if (!(await fetchPicture())) return;
        if (!studio.bitmap) pause = 250;
      } catch {
        pause = 1000;
      }
    }
    await nap(Math.max(5, pause - (performance.now() - began)));
  }
}

// Dragging over the picture: the wipe, or a region where a pen has been picked.

function shareOf(event) {
  const box = at("stage").getBoundingClientRect();
  const inside = (share) => Math.min(1, Math.max(0, share));
  return [
    inside((event.clientX - box.left) / box.width),
    inside((event.clientY - box.top) / box.height),
  ];
}

function follow(stage, pointer, drag, end) {
  stage.setPointerCapture(pointer);
  const moved = (event) => event.pointerId === pointer && drag(event);
  const ended = (event) => {
    if (event.pointerId !== pointer) return;
    stage.removeEventListener("pointermove", moved);
    stage.removeEventListener("pointerup", ended);
    stage.removeEventListener("pointercancel", ended);
    end(event);
  };
  stage.addEventListener("pointermove", moved);
  stage.addEventListener("pointerup", ended);
  stage.addEventListener("pointercancel", ended);
}

document.addEventListener("pointerdown", (event) => {
  const stage = event.target.closest?.("#stage");
  if (!stage || event.button !== 0) return;
  if (studio.pen) drawRegion(stage, event);
  else if (studio.view === "both") dragWipe(stage, event);
});

function dragWipe(stage, event) {
  event.preventDefault();
  at("wipe").focus({ preventScroll: true });
  const drag = (moved) => studio.move(100 * shareOf(moved)[0]);
  drag(event);
  follow(stage, event.pointerId, drag, () => {});
}

// Regions: left, top, right, bottom in shares of the picture.

const LEAST = 0.02;

studio.pick = (kind) => {
  studio.pen = kind;
  const stage = at("stage");
  stage?.classList.toggle("drawing", Boolean(kind));
  for (const button of document.querySelectorAll("[data-draw]")) {
    button.setAttribute("aria-pressed", String(button.dataset.draw === kind));
  }
  at("draft")?.removeAttribute("style");
};

function drawRegion(stage, event) {
  event.preventDefault();
  const kind = studio.pen;
  const from = shareOf(event);
  let box = null;
  const drag = (moved) => {
    const to = shareOf(moved);
    const round = (share) => Math.round(share * 1e4) / 1e4;
    const [x, y] = [0, 1].map((axis) => [from[axis], to[axis]].sort((a, b) => a - b).map(round));
    box = [x[0], y[0], x[1], y[1]];
    if (studio.pen) outline(at("draft"), box);
  };
  follow(stage, event.pointerId, drag, (ended) => {
    if (ended.type !== "pointerup") return studio.pick(null);
    if (studio.pen !== kind) return; // Escape
    drag(ended);
    if (box[2] - box[0] < LEAST || box[3] - box[1] < LEAST) {
      at("draft").removeAttribute("style");
      return emitEvent("refused", { text: "That was too small: drag from one corner to the other." });
    }
    studio.pick(null);
    emitEvent("drawn", { kind, box });
  });
}

function outline(element, [left, top, right, bottom]) {
  Object.assign(element.style, {
    display: "block",
    left: `${100 * left}%`,
    top: `${100 * top}%`,
    width: `${100 * (right - left)}%`,
    height: `${100 * (bottom - top)}%`,
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && studio.pen) studio.pick(null);
  else if (event.target.id === "wipe") {
    const step = event.shiftKey ? 10 : 2;
    const places = {
      ArrowLeft: studio.position - step,
      ArrowRight: studio.position + step,
      ArrowDown: studio.position - step,
      ArrowUp: studio.position + step,
      Home: 0,
      End: 100,
    };
    if (!(event.key in places)) return;
    event.preventDefault();
    studio.move(places[event.key]);
  } else if (event.target.classList?.contains("drop") && [" ", "Enter"].includes(event.key)) {
    event.preventDefault();
    event.target.querySelector("input").click();
  }
});

// Uploads: a drop zone says in its attributes where to, and how much it may be.

function send(zone, file) {
  const limit = Number(zone.dataset.limit);
  const note = zone.querySelector(".note");
  const usual = (zone.dataset.usual ??= note.textContent);
  const ended = (name, facts) => {
    note.textContent = usual;
    zone.classList.remove("busy");
    emitEvent(name, { to: zone.dataset.to, ...facts });
  };
  if (file.size > limit) {
    const most = Math.round(limit / 1e6);
    return ended("refused", { text: `${file.name} is larger than ${most} MB, the most that is taken.` });
  }
  zone.classList.add("busy");
  const request = new XMLHttpRequest();
  request.open("POST", `${zone.dataset.to}?name=${encodeURIComponent(file.name)}`);
  request.responseType = "json";
  request.upload.onprogress = (event) => {
    const share = event.total ? Math.round((100 * event.loaded) / event.total) : 0;
    note.textContent = share < 100 ? `${file.name}: ${share} %` : `${file.name}: being read`;
  };
  request.onload = () => {
    if (request.status === 200) ended("uploaded", request.response);
    else ended("refused", { text: request.response?.error ?? `${file.name} was refused (${request.status}).` });
  };
  request.onerror = () => ended("refused", { text: `${file.name}: the upload was broken off.` });
  request.send(file);
}

function zoneOf(event) {
  return event.target.closest?.(".drop");
}

for (const name of ["dragover", "drop"]) {
  document.addEventListener(name, (event) => {
    // A file that misses the zone must not replace the page.
    event.preventDefault();
    const zone = zoneOf(event);
    document.querySelectorAll(".drop.over").forEach((each) => each.classList.remove("over"));
    if (name === "dragover") zone?.classList.add("over");
    else if (zone && event.dataTransfer.files.length) send(zone, event.dataTransfer.files[0]);
  });
}

document.addEventListener("click", (event) => {
  const zone = zoneOf(event);
  if (zone && event.target.tagName !== "INPUT") zone.querySelector("input").click();
  const kind = event.target.closest?.("[data-draw]")?.dataset.draw;
  if (kind) studio.pick(kind === studio.pen ? null : kind);
});

document.addEventListener("change", (event) => {
  const zone = zoneOf(event);
  if (!zone || event.target.type !== "file" || !event.target.files.length) return;
  send(zone, event.target.files[0]);
  event.target.value = "";
});

watch();
