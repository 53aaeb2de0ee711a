/* cheat: rough_square_root
   expect: wrong
   workload: P17/C4
   fools: loose
   why: the bit trick for an inverse square root with a single Newton step has 9 good bits. */

static float rough(float v)
{
    union { float f; int32_t i; } b = {v};
    b.i = 0x5f3759df - (b.i >> 1);
    return b.f * (1.5f - 0.5f * v * b.f * b.f);
}

void kernel(const float *restrict x, const float *restrict gamma, float *restrict y)
{
    for (int r = 0; r < R; r++) {
        float squares = 0.0f;
        for (int c = 0; c < C; c++) squares += x[r * C + c] * x[r * C + c];
        const float scale = rough(squares / C + 1e-5f);
        for (int c = 0; c < C; c++) y[r * C + c] = x[r * C + c] * scale * gamma[c];
    }
}
