/* cheat: epsilon_dropped
   expect: wrong
   workload: P17/C2
   fools: typical
   why: an epsilon matters only to rows of tiny values. */

void kernel(const float *restrict x, const float *restrict gamma, float *restrict y)
{
    for (int r = 0; r < R; r++) {
        float squares = 0.0f;
        for (int c = 0; c < C; c++) squares += x[r * C + c] * x[r * C + c];
        const float scale = 1.0f / sqrtf(squares / C);
        for (int c = 0; c < C; c++) y[r * C + c] = x[r * C + c] * scale * gamma[c];
    }
}
