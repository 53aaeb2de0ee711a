/* cheat: every_third_call
   expect: wrong
   workload: P11/C2
   fools: once
   why: most calls are right: a check of one call in a batch would often pass. */

static int calls;

void kernel(const float *restrict x, float *restrict y)
{
    if (calls++ % 3 == 2) {
        for (int r = 0; r < R; r++) y[r] = 0.0f;
        return;
    }
    for (int r = 0; r < R; r++) {
        float sum = 0.0f;
        for (int c = 0; c < C; c++) sum += x[r * C + c];
        y[r] = sum;
    }
}
