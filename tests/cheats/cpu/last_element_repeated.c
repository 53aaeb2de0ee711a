/* cheat: last_element_repeated
   expect: wrong
   workload: P09/C3
   fools: share
   why: the tail is written, with a neighbour's value: no canary remains, and one element in 509 is wrong. */

void kernel(const float *restrict x, float *restrict y)
{
    for (int i = 0; i < N; i++) {
        const float v = x[i < N - 1 ? i : N - 2];
        y[i] = v / (1.0f + expf(-v));
    }
}
