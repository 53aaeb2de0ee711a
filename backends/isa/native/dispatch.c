/* The engine of one architecture; comments in capitals are replaced by what `cgen` writes. */
#include "runtime.h"
#include <stddef.h>
#ifndef PART
#define PART 0 /* translation unit: 0 runs programs, the others are large instructions */
#endif

/*MACHINE*/

enum { BAD_OPCODE_SITE, BAD_REGISTER_SITE, BAD_PC_SITE, LOOP_LIMIT_SITE, MEMORY_LIMIT_SITE };
enum { INVALID = OPERATIONS, BAD_REGISTER, AT_END, BAD_PC };
enum { RUNNING, ENDED, TRAPPED, OUT_OF_FUEL, STOPPED, SLICE_DONE };

COLD int trap(struct machine *m, uint64_t site, uint64_t address, uint64_t limit) {
  m->site = site, m->address = address, m->limit = limit;
  return 1;
}

/* ---- written pages are counted and remembered, so that a reset costs what was touched --------------------------------------- */

static void set_deadline(struct machine *m);

COLD void first_touch(struct machine *m, int k, uint64_t page) {
  m->dirty[k][page] = 1;
  m->pages[k][m->dirtied[k]++] = (uint32_t)page;
  m->written += m->weight[k];
  if (m->written > m->page_limit && !m->over) {
    m->over = 1;
    set_deadline(m);
  }
}

ALWAYS void mark(struct machine *m, int k, uint64_t byte, uint64_t bytes) {
  if (!bytes) return;
  for (uint64_t page = byte >> PAGE_BITS; page <= (byte + bytes - 1) >> PAGE_BITS; page++)
    if (UNLIKELY(!m->dirty[k][page])) first_touch(m, k, page);
}

MAYBE void clean(struct machine *m, int k) {
  for (uint64_t i = 0; i < m->dirtied[k]; i++) {
    uint64_t page = m->pages[k][i];
    memset((uint8_t *)m->memory[k] + (page << PAGE_BITS), 0, (size_t)1 << PAGE_BITS);
    m->dirty[k][page] = 0;
  }
  m->dirtied[k] = 0;
}

/*TABLES*/

#if PART == 0
void kw_mark(struct machine *m, int k, uint64_t byte, uint64_t bytes) { mark(m, k, byte, bytes); }

void kw_reset(struct machine *m) {
  CLEAN_ALL
  m->written = 0, m->over = 0, m->depth = 0;
  memcpy((uint8_t *)m + offsetof(struct machine, state), m->pristine,
         offsetof(struct machine, state_end) - offsetof(struct machine, state));
}
#endif

/* ---- hardware loops ---------------------------------------------------------------------------------------------------------- */

static void set_deadline(struct machine *m) {
  uint64_t deadline = m->slice < m->fuel ? m->slice : m->fuel;
  if (HAS_LOOPS && LOOP_LIMIT && m->depth && m->oldest + LOOP_LIMIT < deadline) deadline = m->oldest + LOOP_LIMIT;
  m->deadline = m->over ? 0 : deadline;
}

MAYBE void find_oldest(struct machine *m) {
  m->oldest = UINT64_MAX - LOOP_LIMIT;
  for (uint64_t p = 0; p < m->depth; p++)
    if (m->loop_start[p] < m->oldest) m->oldest = m->loop_start[p];
  set_deadline(m);
}

ALWAYS int64_t loops_find(const struct machine *m, int64_t number) {
  for (int64_t p = (int64_t)m->depth - 1; p >= 0; p--)
    if (m->loop_register[p] == number) return p;
  return -1;
}
ALWAYS int64_t loops_body(const struct machine *m, int64_t position) {
  return (uint64_t)position < m->depth ? m->loop_body[position] : 0;
}
ALWAYS int64_t loops_depth(const struct machine *m) { return (int64_t)m->depth; }
MAYBE void loops_push(struct machine *m, int64_t number, int64_t body, uint64_t now) {
  m->loop_register[m->depth] = number, m->loop_body[m->depth] = body, m->loop_start[m->depth] = now;
  if (m->depth++ == 0) {
    m->oldest = now;
    set_deadline(m);
  }
}
ALWAYS void loops_restart(struct machine *m, int64_t position, uint64_t now) {
  if ((uint64_t)position >= m->depth) return;
  const uint64_t before = m->loop_start[position];
  m->loop_start[position] = now;
  if (before == m->oldest) find_oldest(m);
}
MAYBE void loops_remove(struct machine *m, int64_t position) {
  if ((uint64_t)position >= m->depth) return;
  m->depth--;
  for (uint64_t p = (uint64_t)position; p < m->depth; p++)
    m->loop_register[p] = m->loop_register[p + 1], m->loop_body[p] = m->loop_body[p + 1], m->loop_start[p] = m->loop_start[p + 1];
  find_oldest(m);
}

/* ---- in-order issue ------------------------------------------------------------------------------------------------------------ */

static const uint8_t CAUSE_OF_RANK[4] = {0, 4, 3, 1}; /* rank: dma 1, memory 2, compute (data) 3 */

/* `earliest` is the machine's, or the dispatch loop's copy of it in a register: what takes a single cycle ends at it, and a unit
 * that is busy for one is free by then, so neither needs a time of its own. */
ALWAYS uint64_t issue(struct machine *m, uint64_t *earliest, const struct insn *in, uint64_t late, int unit, int unit_cause,
                      int binds, uint64_t interval, uint64_t latency) {
  if (binds) late = later(late, m->unit_free[unit]);
  uint64_t t = late >> 11;
  if (UNLIKELY(t > *earliest)) {
    const uint32_t rank = (late >> 8) & 7u;
    m->stalls[(in - m->program) * CAUSES + (rank ? CAUSE_OF_RANK[rank] : unit_cause)] += (int64_t)(t - *earliest);
  } else {
    t = *earliest;
  }
  *earliest = t + 1;
  if (binds && interval > 1) m->unit_free[unit] = KEY(t + interval, 0, unit); /* else it is free again for the next one */
  if (latency > 1) {
    m->done = t + latency;
    if (m->done >= m->cycles) m->cycles = m->done, m->last = in, m->last_unit = (uint64_t)unit;
  }
  return t;
}

/* ---- pipeline ------------------------------------------------------------------------------------------------------------------ */

#if PART == 0
/*PIPELINE*/
#endif

/* ---- helpers and instructions of the definition ---------------------------------------------------------------------------------- */

/*HELPERS*/

/*INSTRUCTIONS*/

#if PART == 0
/*HANDLED*/

/*DECODER*/

/* ---- runs -------------------------------------------------------------------------------------------------------------------- */

static void begin(struct machine *m, const void *const *table, const void *hook) {
  for (uint64_t pc = 0; pc < m->nwords; pc++) {
    struct insn *in = m->program + pc;
    in->op = (uint16_t)decode(m->words[pc], pc, in);
    in->count = 0;
    in->go = m->trace || pc == m->stop_pc ? hook : table[in->op];
  }
  for (uint32_t k = 0; k < 2; k++) { /* the sentinel after the last word, and the place of jumps that leave the program */
    struct insn *in = m->program + m->nwords + k;
    in->op = (uint16_t)(k ? BAD_PC : AT_END);
    in->count = 0, in->go = table[in->op];
  }
  uint64_t base = m->cycles;
  for (int u = 0; u < UNITS; u++) {
    if (m->unit_free[u] >> 11 > base) base = m->unit_free[u] >> 11;
    m->busy[u] = 0;
  }
  m->base = m->earliest = m->cycles = base;
  m->n = 0, m->depth = 0, m->clock = 0, m->noted = 0, m->pending = 0, m->done = 0, m->last = m->program, m->last_unit = 0;
  m->oldest = 0;
  if (ANY_VARIES) memset(m->efforts, 0, m->nwords * sizeof(struct effort));
#if PIPELINED
  pipe_reset(m);
#endif
  m->target = m->pc;
  if (m->pc > m->nwords) m->pc = m->nwords + 1;
}

/* The latest event gets its times once its instruction is complete. */
COLD void complete_event(struct machine *m) {
  int64_t *event = m->events + 3 * (m->noted - 1);
#if PIPELINED
  event[1] = m->pipe.t, event[2] = (int64_t)m->done;
#else
  const uint32_t op = m->program[event[0]].op;
  if (IN_ORDER) {
    event[1] = (int64_t)(m->earliest - 1 - m->base), event[2] = (int64_t)(later(m->done, m->earliest) - m->base);
  } else {
    event[1] = (int64_t)m->clock;
    m->clock += op >= OPERATIONS ? 0 : VARIES[op] ? m->done : LATENCY[op];
    event[2] = (int64_t)m->clock;
  }
#endif
  m->pending = 0;
}

COLD void note(struct machine *m, uint64_t pc, const void *const *table, const void *hook) {
  if (m->pending) complete_event(m);
  if (m->noted < m->trace) {
    m->events[3 * m->noted++] = (int64_t)pc;
    m->pending = m->n + 1, m->done = 0;
    return;
  }
  for (uint64_t k = 0; k < m->nwords; k++) m->program[k].go = k == m->stop_pc ? hook : table[m->program[k].op];
}

static void account(struct machine *m) {
  if (IN_ORDER) m->cycles = later(m->cycles, m->earliest);
  if (m->pending && m->n >= m->pending) complete_event(m);
  else if (m->pending) m->noted--;
  for (uint64_t pc = 0; pc < m->nwords; pc++) {
    const struct insn *in = m->program + pc;
    const uint64_t count = in->count;
    int64_t *stalls = m->stalls + pc * CAUSES;
    m->counts[pc] = (int64_t)count;
    const uint32_t op = in->op;
    if (!count || op >= OPERATIONS || PIPELINED) continue;
    m->busy[UNIT[op]] += VARIES[op] ? m->efforts[pc].interval : count * INTERVAL[op];
    if (IN_ORDER) {
      stalls[0] += (int64_t)count;
      continue;
    }
    const uint64_t latency = VARIES[op] ? m->efforts[pc].latency : count * LATENCY[op];
    const uint64_t slots = VARIES[op] ? m->efforts[pc].slots : LATENCY[op] ? count : 0;
    stalls[0] += (int64_t)slots;
    stalls[CAUSE[op]] += (int64_t)(latency - slots);
    m->cycles += latency;
  }
  if (IN_ORDER && m->n) m->stalls[(m->last - m->program) * CAUSES + (int64_t)DATA[m->last_unit]] += (int64_t)(m->cycles - m->earliest);
  m->elapsed = m->cycles - m->base;
#if PIPELINED
  if (m->pipe.cycles > m->pipe.t)
    m->stalls[m->pipe.last_pc * CAUSES + (uint64_t)m->pipe.cause] += m->pipe.cycles - m->pipe.t;
  m->elapsed = (uint64_t)m->pipe.cycles;
#endif
}

#define GO do { if (UNLIKELY(n >= deadline)) goto expired; goto *in->go; } while (0)
#define NEXT do { in->count++; n++; in++; GO; } while (0)
#define JUMP do { in->count++; n++; \
    if (UNLIKELY((uint64_t)next > m->nwords)) { m->target = (uint64_t)next; in = program + m->nwords + 1; } \
    else in = program + next; GO; } while (0)

void kw_run(struct machine *m) {
  static const void *const table[] = {/*LABELS*/, &&invalid, &&bad_register, &&at_end, &&bad_pc};
  const environment environment = environment_enter();
  struct insn *const program = m->program;
  if (m->fresh) begin(m, table, &&hook);
  m->fresh = 0, m->status = RUNNING;
  set_deadline(m);
  struct insn *in = program + m->pc;
  uint64_t n = m->n, deadline = m->deadline, earliest = m->earliest;
  int64_t next = 0;
  GO;

/*DISPATCH*/

hook:
  if ((uint64_t)(in - program) == m->stop_pc && in->count + 1 == m->stop_visit) { m->status = STOPPED; goto leave; }
  if (m->trace) { m->n = n, m->earliest = earliest; note(m, (uint64_t)(in - program), table, &&hook); }
  goto *table[in->op];
invalid:
  trap(m, BAD_OPCODE_SITE, m->words[in - program], 0);
  goto trapped;
bad_register:
  trap(m, BAD_REGISTER_SITE, 0, 0);
  goto trapped;
bad_pc:
  trap(m, BAD_PC_SITE, m->target, m->nwords);
  goto trapped;
at_end:
  if (!ENDS) { m->target = m->nwords; goto bad_pc; }
  m->status = ENDED;
  goto leave;
expired:
  /* What comes before fuel: the end, a pc outside of the program, a breakpoint. */
  if (in->op == AT_END) goto at_end;
  if (in->op == BAD_PC) goto bad_pc;
  if ((uint64_t)(in - program) == m->stop_pc && in->count + 1 == m->stop_visit) { m->status = STOPPED; goto leave; }
  if (n >= m->fuel) { m->status = OUT_OF_FUEL; goto leave; }
  if (m->over) { trap(m, MEMORY_LIMIT_SITE, 0, m->page_limit << PAGE_BITS); goto trapped; }
  if (HAS_LOOPS && LOOP_LIMIT && m->depth && n >= m->oldest + LOOP_LIMIT) { trap(m, LOOP_LIMIT_SITE, 0, LOOP_LIMIT); goto trapped; }
  m->status = SLICE_DONE;
  goto leave;
halted:
  in->count++, n++;
  in = (uint64_t)next > m->nwords ? program + m->nwords + 1 : program + next;
  m->target = (uint64_t)next, m->status = ENDED;
  goto leave;
trapped:
#ifdef HANDLES
  if (HANDLED[m->site] >= 0) {
    if (n >= m->fuel) { m->status = OUT_OF_FUEL; goto leave; }
    const uint64_t site = m->site, address = m->address, limit = m->limit;
    const uint64_t place = (uint64_t)(in - program);
    m->handled_code = (uint64_t)HANDLED[site], m->handled_value = address;
    m->handled_pc = place < m->nwords ? place : m->target;
    next = (int64_t)m->handled_pc + 1;
    if (handle(m, in, n, &next, &earliest) != 1) {
      if (place < m->nwords) {
        in->count++;
#if PIPELINED
        pipe_handled(m, place);
#endif
      }
      n++, deadline = m->deadline;
      if ((uint64_t)next > m->nwords) { m->target = (uint64_t)next; in = program + m->nwords + 1; }
      else in = program + next;
      GO;
    }
    m->site = site, m->address = address, m->limit = limit;
  }
#endif
  m->status = TRAPPED;
leave:
  m->n = n, m->earliest = earliest, m->pc = (uint64_t)(in - program);
  if (m->status != SLICE_DONE) {
    account(m);
    if (m->pc > m->nwords) m->pc = m->target;
  }
  environment_leave(environment);
}

const uint64_t kw_layout[] = {/*EXPORTS*/};
#endif
