/* cheat: causal_hard_coded
   expect: wrong
   workload: C07/C2
   fools: shown
   why: the flag of the shown configuration is built in and its macro ignored. */

void kernel(const float *restrict q, const float *restrict k, const float *restrict v, float *restrict y)
{
    const int causal = 1;
    for (int i = 0; i < T; i++) {
        const int keys = causal ? i + 1 : T;
        float p[T], max = -INFINITY, sum = 0.0f;
        for (int j = 0; j < keys; j++) {
            p[j] = 0.0f;
            for (int d = 0; d < D; d++) p[j] += q[i * D + d] * k[j * D + d];
            p[j] /= sqrtf((float)D);
            max = p[j] > max ? p[j] : max;
        }
        for (int j = 0; j < keys; j++) sum += p[j] = expf(p[j] - max);
        for (int d = 0; d < D; d++) {
            float total = 0.0f;
            for (int j = 0; j < keys; j++) total += p[j] * v[j * D + d];
            y[i * D + d] = total / sum;
        }
    }
}
