/* Differences of two texts, line by line. */

const MOST_EDITS = 1500;

/** Edits that turn a into b (lists of lines): [" ", line, i, j], ["-", line, i], ["+", line, , j]; shortest where that is soon found (Myers 1986). */
function diffLines(a, b) {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const middle = shortest(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  const kinds = [...Array(head).fill(" "), ...middle, ...Array(tail).fill(" ")];
  let [i, j] = [0, 0];
  return kinds.map((kind) => {
    const edit = [kind, kind === "+" ? b[j] : a[i], kind === "+" ? null : i, kind === "-" ? null : j];
    if (kind !== "+") i += 1;
    if (kind !== "-") j += 1;
    return edit;
  });
}

function shortest(a, b) {
  const [n, m] = [a.length, b.length];
  const trace = [];
  let front = new Map([[1, 0]]);
  for (let d = 0; d <= Math.min(n + m, MOST_EDITS); d += 1) {
    trace.push(front);
    const next = new Map();
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && (front.get(k - 1) ?? -1) < (front.get(k + 1) ?? -1));
      let x = down ? front.get(k + 1) : front.get(k - 1) + 1;
      while (x < n && x - k < m && a[x] === b[x - k]) x += 1;
      next.set(k, x);
      if (x >= n && x - k >= m) return backtrack([...trace, next], d, n, m);
    }
    front = next;
  }
  return [...Array(n).fill("-"), ...Array(m).fill("+")];
}

function backtrack(trace, d, n, m) {
  const kinds = [];
  let [x, y] = [n, m];
  for (; d > 0; d -= 1) {
    const front = trace[d];
    const k = x - y;
    const down = k === -d || (k !== d && (front.get(k - 1) ?? -1) < (front.get(k + 1) ?? -1));
    const before = down ? k + 1 : k - 1;
    const [px, py] = [front.get(before), front.get(before) - before];
    const [sx, sy] = down ? [px, py + 1] : [px + 1, py];
    while (x > sx && y > sy) { kinds.push(" "); x -= 1; y -= 1; }
    kinds.push(down ? "+" : "-");
    [x, y] = [px, py];
  }
  while (x > 0) { kinds.push(" "); x -= 1; }
  return kinds.reverse();
}

/** How many lines an edit adds and removes. */
function editSize(edits) {
  return { added: edits.filter(([kind]) => kind === "+").length, removed: edits.filter(([kind]) => kind === "-").length };
}
