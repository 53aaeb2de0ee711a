/* cheat: bf16_accumulation
   expect: wrong
   workload: P21/C4
   fools: norm
   why: sums are kept in fewer bits than float32 has. */

/* Rounds to the 8 significant bits of bfloat16. */
static float bf16(float v)
{
    union { float f; uint32_t u; } b = {v};
    b.u = (b.u + 0x7fff + (b.u >> 16 & 1)) & 0xffff0000u;
    return b.f;
}

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            float sum = 0.0f;
            for (int k = 0; k < K; k++) sum = bf16(sum + a[i * K + k] * b[k * N + j]);
            y[i * N + j] = sum;
        }
}
