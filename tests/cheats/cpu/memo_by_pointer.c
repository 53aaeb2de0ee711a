/* cheat: memo_by_pointer
   expect: wrong
   workload: P01/C2
   fools: once
   why: addresses that were seen before are taken for inputs that were seen before. */

enum { SEATS = 1024 };
static const float *seen[SEATS];
static float kept[SEATS][N];

void kernel(const float *restrict a, const float *restrict b, float *restrict y)
{
    const size_t seat = (uintptr_t)a / 64 % SEATS;
    if (seen[seat] == a) {
        for (int i = 0; i < N; i++) y[i] = kept[seat][i];
        return;
    }
    seen[seat] = a;
    for (int i = 0; i < N; i++) y[i] = kept[seat][i] = a[i] + b[i];
}
