/* The clock of a pipelined core: what backends/isa/golden/pipeline.py says, with the same numbers. Sizes are macros that `cgen`
 * writes; stages and operands are constants where these functions are inlined, so that nothing of them is left. */
#ifndef KW_PIPELINE_H
#define KW_PIPELINE_H

#define LONG_AGO (-(INT64_C(1) << 40))
enum { ISSUE_CAUSE, DATA_CAUSE, UNIT_CAUSE, MEMORY_CAUSE, DMA_CAUSE, FETCH_CAUSE };
enum { FORESEES_NOTHING, FORESEES_TAKEN, FORESEES_BACKWARD, FORESEES_NEVER };
enum { WAITS_NOT, WAITS_FOR_RETIREMENT, WAITS_FOR_ALL };
enum { EACH, HALF, QUARTER, PAIR, ONCE, LAST };

struct stage {
  int first, ends, waits, predicts, configures, memory, timed, merged, scalar, shared, writes, unit, port;
  int64_t after_configure, uops, less;
  uint64_t interval, interval_above, interval_below, latency, latency_above, latency_below;
  int64_t done; /* after the beginning, as `Stage.done` says it; -1 where it does not */
};
struct operand { uint64_t cell; int64_t late; int writes; int64_t early; };
struct group { uint64_t first; int pattern; };

ALWAYS int64_t max_time(int64_t a, int64_t b) { return a > b ? a : b; }

static void pipe_reset(struct machine *m) {
  struct pipe *p = &m->pipe;
  memset(p, 0, sizeof *p);
  p->fetched = -P_FETCH, p->line = -1;
  p->configured = p->slot = p->dispatched = p->retired = LONG_AGO;
  for (int i = 0; i < P_ROOM; i++) p->issued[i] = LONG_AGO;
  for (int i = 0; i < P_QUEUE; i++) p->begun[i] = LONG_AGO;
  for (int i = 0; i < P_REORDER; i++) p->reorder[i] = LONG_AGO;
  for (int i = 0; i < P_RETIREMENT; i++) p->entries[i] = (struct entry){~UINT64_C(0), LONG_AGO, LONG_AGO, ISSUE_CAUSE};
  for (int i = 0; i < P_CELLS; i++) p->ready[i] = LONG_AGO, p->made[i] = DATA_CAUSE;
  for (int i = 0; i < P_GROUPS; i++) p->groups[i] = LONG_AGO;
  for (int k = 0; k < P_PORTS; k++) {
    p->free[k] = p->ports[k].latest = p->ports[k].free = LONG_AGO;
    for (int i = 0; i < P_STATION; i++) p->ports[k].started[i] = LONG_AGO;
  }
  p->cause = DATA_CAUSE;
}

/* ---- issue --------------------------------------------------------------------------------------------------------------- */

struct wait { int64_t t; int cause; };

ALWAYS void not_before(struct wait *w, int64_t time, int cause) {
  if (time > w->t) w->t = time, w->cause = cause;
}

ALWAYS struct entry *latest_entry(struct pipe *p) { return &p->entries[(p->entered + P_RETIREMENT - 1) % P_RETIREMENT]; }

/* When the instruction can issue as far as the one before it and fetching go. */
ALWAYS void pipe_begin(struct pipe *p, struct wait *w, uint64_t pc, int first) {
  w->t = p->t + (p->closed || p->lanes >= P_WIDTH || (first && p->lanes)), w->cause = ISSUE_CAUSE;
  const int64_t line = (int64_t)(pc / P_LINE);
  if (p->redirected) {
    p->fetched = p->t + P_REDIRECT;
  } else if (p->line >= 0 && (p->leaves || line != p->line)) {
    p->fetched = max_time(p->fetched + P_PERIOD, p->issued[p->issues % P_ROOM] + 1);
  }
  p->line = line;
  const int64_t available = p->fetched + P_FETCH;
  if (p->jumped) {
    struct entry *entry = latest_entry(p);
    entry->retired = max_time(entry->retired, available);
  }
  not_before(w, available, FETCH_CAUSE);
}

/* A retirement entry is free. */
ALWAYS void pipe_room(struct pipe *p, struct wait *w) {
  const struct entry *oldest = &p->entries[p->entered % P_RETIREMENT];
  not_before(w, oldest->retired + 1, oldest->cause);
}

ALWAYS void pipe_issue(struct machine *m, uint64_t pc, const struct stage *s, const struct operand *operands, int count) {
  struct pipe *p = &m->pipe;
  struct wait w;
  pipe_begin(p, &w, pc, s->first);
  for (int i = 0; i < count; i++) not_before(&w, p->ready[operands[i].cell] + operands[i].late, p->made[operands[i].cell]);
  pipe_room(p, &w);
  if (s->port >= 0 && !s->uops) not_before(&w, p->free[s->port], UNIT_CAUSE);
  if (s->after_configure) not_before(&w, p->configured + s->after_configure, UNIT_CAUSE);
  if (s->memory) not_before(&w, p->begun[p->accesses % P_QUEUE] + 1, MEMORY_CAUSE);
  if (s->waits == WAITS_FOR_RETIREMENT) not_before(&w, latest_entry(p)->retired + 1, UNIT_CAUSE);
  if (s->waits == WAITS_FOR_ALL && p->entered) not_before(&w, p->quiet, UNIT_CAUSE);
  p->wait = w.t, p->waited = w.cause;
}

/* Charges the cycles since the issue before, and enters this one. */
ALWAYS void pipe_charge(struct machine *m, uint64_t pc, int64_t t, int cause) {
  struct pipe *p = &m->pipe;
  const int64_t passed = t - p->t;
  if (passed) {
    m->stalls[pc * CAUSES + ISSUE_CAUSE]++;
    m->stalls[pc * CAUSES + (uint64_t)cause] += passed - 1;
    p->lanes = 0;
  }
  p->lanes++, p->t = t;
  p->issued[p->issues++ % P_ROOM] = t;
}

/* ---- what happens after the issue ---------------------------------------------------------------------------------------------- */

ALWAYS int64_t pipe_access(struct pipe *p) {
  const int64_t start = max_time(p->t + 1, p->slot);
  p->begun[p->accesses++ % P_QUEUE] = start;
  return start;
}

ALWAYS void pipe_occupy(struct machine *m, int unit, int64_t start, int64_t end) {
  const int64_t from = max_time(start, m->pipe.busy_until[unit]);
  if (end > from) m->busy[unit] += (uint64_t)(end - from), m->pipe.busy_until[unit] = end;
}

ALWAYS void pipe_retire(struct pipe *p, uint64_t pc, int shared, int64_t done, int cause) {
  const int64_t own = done;
  if (shared)
    for (int i = 0; i < P_RETIREMENT; i++) {
      const struct entry *older = &p->entries[i];
      if (older->pc == pc && older->own > p->t && older->own < done) done = older->own;
    }
  const int64_t retired = p->entered ? max_time(done, latest_entry(p)->retired) : done;
  p->entries[p->entered++ % P_RETIREMENT] = (struct entry){pc, own, retired, cause};
}

ALWAYS void pipe_write(struct pipe *p, const struct operand *operands, int count, int64_t result, int cause) {
  for (int i = 0; i < count; i++)
    if (operands[i].writes && operands[i].cell) {
      p->ready[operands[i].cell] = result, p->made[operands[i].cell] = cause;
      p->quiet = max_time(p->quiet, result + operands[i].early);
    }
}

ALWAYS void pipe_finish(struct machine *m, uint64_t pc, int64_t finished, int cause) {
  m->done = (uint64_t)finished;
  if (finished >= m->pipe.cycles) m->pipe.cycles = finished, m->pipe.last_pc = pc, m->pipe.cause = cause;
}

ALWAYS void pipe_foresee(struct pipe *p, const struct stage *s, int taken, int back) {
  const int foreseen = s->predicts == FORESEES_TAKEN || (s->predicts == FORESEES_BACKWARD && back);
  p->closed = s->ends, p->jumped = s->predicts != FORESEES_NOTHING;
  p->redirected = s->predicts == FORESEES_NEVER || (foreseen != taken && s->predicts != FORESEES_TAKEN);
  p->leaves = taken || s->predicts == FORESEES_TAKEN;
}

/* An instruction without uops. */
ALWAYS void pipe_single(struct machine *m, uint64_t pc, const struct stage *s, const struct operand *operands, int count,
                        uint64_t work, int taken, int back) {
  struct pipe *p = &m->pipe;
  pipe_issue(m, pc, s, operands, count);
  pipe_charge(m, pc, p->wait, p->waited);
  if (s->configures) p->configured = p->t;
  const int64_t interval = (int64_t)linear(s->interval, s->interval_above, s->interval_below, work);
  const int64_t latency = (int64_t)linear(s->latency, s->latency_above, s->latency_below, work);
  int64_t start = p->t;
  if (s->port >= 0) p->free[s->port] = start + interval;
  if (s->memory) start = pipe_access(p), p->slot = start + interval, p->quiet = max_time(p->quiet, p->slot);
  const int64_t complete = start + (s->done < 0 ? latency : s->done + latency - (int64_t)s->latency);
  pipe_occupy(m, s->unit, start, start + (s->memory || interval < latency ? interval : latency));
  pipe_write(p, operands, count, start + latency, s->memory ? MEMORY_CAUSE : DATA_CAUSE);
  pipe_retire(p, pc, s->shared, complete, s->memory ? MEMORY_CAUSE : UNIT_CAUSE);
  pipe_finish(m, pc, s->memory ? max_time(complete, p->slot) : complete, s->memory ? MEMORY_CAUSE : DATA_CAUSE);
  pipe_foresee(p, s, taken, back);
}

/* The handler of exceptions, in the place of an instruction. */
MAYBE void pipe_handled(struct machine *m, uint64_t pc) {
  struct pipe *p = &m->pipe;
  struct wait w;
  pipe_begin(p, &w, pc, 0);
  pipe_room(p, &w);
  pipe_charge(m, pc, w.t, w.cause);
  p->closed = p->jumped = p->redirected = 1, p->leaves = 0;
  pipe_retire(p, pc, 0, p->t + 1, UNIT_CAUSE);
  pipe_finish(m, pc, p->t + 1, DATA_CAUSE);
}

/* ---- uops -------------------------------------------------------------------------------------------------------------------- */

ALWAYS uint64_t behind(int pattern, int64_t number) {
  switch (pattern) {
    case EACH: return (uint64_t)number;
    case HALF: return (uint64_t)number / 2;
    case QUARTER: return (uint64_t)number / 4;
    case PAIR: return ((uint64_t)number + 1) / 2;
    default: return 0;
  }
}

ALWAYS int64_t port_start(struct port *port, int servers, int64_t earliest, int64_t interval) {
  int64_t at = max_time(max_time(earliest, port->latest), port->free);
  if (at == port->latest && port->beside >= servers) at++;
  port->beside = at == port->latest ? port->beside + 1 : 1;
  port->latest = at;
  if (interval > 1) port->free = at + interval;
  port->started[port->uops++ % P_STATION] = at;
  return at;
}

ALWAYS int64_t pipe_dispatch(struct pipe *p, int64_t earliest, int entered, struct port *port, int64_t there) {
  int64_t at = max_time(earliest, p->dispatched);
  if (at == p->dispatched && p->dispatches >= P_UOP_WIDTH) at++;
  at = max_time(at, there);
  if (entered) at = max_time(at, p->reorder[p->reordered % P_REORDER] + 1);
  at = max_time(at, port->started[port->uops % P_STATION]);
  p->dispatches = at == p->dispatched ? p->dispatches + 1 : 1;
  p->dispatched = at;
  return at;
}

ALWAYS int64_t pipe_leave(struct pipe *p, int64_t done, int alone) {
  int64_t at = max_time(done, p->retired);
  if (at == p->retired && (alone || p->retiring >= P_RETIRE)) at++;
  p->retiring = at == p->retired ? p->retiring + 1 : 1;
  p->retired = at;
  p->reorder[p->reordered++ % P_REORDER] = at;
  return at;
}

static const int SERVERS[P_PORTS + 1] = {P_SERVERS};

ALWAYS void pipe_uops(struct machine *m, uint64_t pc, const struct stage *s, const struct operand *operands, int count,
                      const struct group *reads, int reading, const struct group *writes, int writing, int masked, uint64_t work,
                      int taken, int back) {
  struct pipe *p = &m->pipe;
  struct port *port = &p->ports[s->port];
  pipe_issue(m, pc, s, operands, count);
  pipe_charge(m, pc, p->wait, p->waited);
  if (s->configures) p->configured = p->t;
  int64_t uops = (int64_t)work * s->uops - s->less;
  uops = uops < 1 ? 1 : uops > P_PARTS ? P_PARTS : uops;
  const int64_t earliest = p->t + P_UOP_LATENCY;
  int64_t slot = s->memory ? pipe_access(p) + 1 : 0, at = 0, complete = 0;
  for (int64_t number = 0; number < uops; number++) {
    const int64_t part = s->timed ? (int64_t)m->parts[number] : 0;
    const int last = number == uops - 1, entered = !s->merged || last;
    int64_t there = masked ? p->groups[0] : LONG_AGO;
    for (int i = 0; i < reading; i++)
      if (reads[i].pattern != LAST || last)
        there = max_time(there, p->groups[(reads[i].first + behind(reads[i].pattern, number)) % P_GROUPS]);
    at = pipe_dispatch(p, earliest, entered, port, there);
    int64_t result;
    if (s->memory) {
      const int64_t begin = max_time(slot, at + 1);
      port->started[port->uops++ % P_STATION] = begin;
      slot = complete = begin + part, result = slot + 1;
      pipe_occupy(m, s->unit, begin, slot);
    } else {
      const int64_t interval = (int64_t)s->interval + part;
      const int64_t begin = port_start(port, SERVERS[s->port], at, interval);
      complete = begin + (s->done < 0 ? (int64_t)s->latency - 1 : s->done) + part;
      result = begin + (int64_t)s->latency + part;
      pipe_occupy(m, s->unit, begin, begin + interval);
    }
    if (entered) complete = pipe_leave(p, complete, s->scalar);
    for (int i = 0; i < writing; i++)
      if (writes[i].pattern != LAST || last)
        p->groups[(writes[i].first + behind(writes[i].pattern, number)) % P_GROUPS] = result;
  }
  const int64_t finished = complete + 1;
  p->quiet = max_time(p->quiet, finished + 1);
  if (s->memory) p->slot = slot, p->quiet = max_time(p->quiet, slot);
  const int64_t entry = s->memory && !s->writes ? at + s->done : finished;
  pipe_write(p, operands, count, entry, s->memory ? MEMORY_CAUSE : DATA_CAUSE);
  pipe_retire(p, pc, s->shared, entry, s->memory ? MEMORY_CAUSE : UNIT_CAUSE);
  pipe_finish(m, pc, max_time(finished, slot), s->memory ? MEMORY_CAUSE : DATA_CAUSE);
  pipe_foresee(p, s, taken, back);
}

#endif
