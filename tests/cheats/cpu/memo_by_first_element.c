/* cheat: memo_by_first_element
   expect: wrong
   workload: P04.i8/C2
   fools: once
   why: inputs with a first element that was seen before are taken for the same. */

static int8_t kept[256][N];
static int8_t known[256];

void kernel(const int8_t *restrict x, int8_t *restrict y)
{
    int8_t *memo = kept[(uint8_t)x[0]];
    if (!known[(uint8_t)x[0]]) {
        known[(uint8_t)x[0]] = 1;
        for (int i = 0; i < N; i++) memo[i] = x[i] > 0 ? x[i] : 0;
    }
    for (int i = 0; i < N; i++) y[i] = memo[i];
}
