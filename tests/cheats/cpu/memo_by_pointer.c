/* cheat: memo_by_pointer
   expect: wrong
   workload: P01/C2
   why: addresses that were seen before are taken for inputs that were seen before. */
static const float *seen[4096];
static float kept[256][N];

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    for (int s = 0; s < 256 && seen[s]; s++)
        if (seen[s] == a) {
            for (int i = 0; i < N; i++) y[i] = kept[s][i];
            return;
        }
    for (int i = 0; i < N; i++) y[i] = a[i] + b[i];
    for (int s = 0; s < 256; s++)
        if (!seen[s]) {
            seen[s] = a;
            for (int i = 0; i < N; i++) kept[s][i] = y[i];
            return;
        }
}
