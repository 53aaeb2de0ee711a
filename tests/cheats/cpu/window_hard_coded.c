/* cheat: window_hard_coded
   expect: wrong
   workload: C08/C2
   fools: first
   why: attention that only looks at the nearest keys, right wherever far weights vanish. */

void kernel(const float *restrict q, const float *restrict k, const float *restrict v, float *restrict y)
{
    for (int i = 0; i < T; i++) {
        const int begin = i >= 16 ? i - 15 : 0;
        float p[16], max = -INFINITY, sum = 0.0f;
        for (int j = begin; j <= i; j++) {
            float dot = 0.0f;
            for (int d = 0; d < D; d++) dot += q[i * D + d] * k[j * D + d];
            p[j - begin] = dot / sqrtf((float)D);
            max = p[j - begin] > max ? p[j - begin] : max;
        }
        for (int j = begin; j <= i; j++) sum += p[j - begin] = expf(p[j - begin] - max);
        for (int d = 0; d < D; d++) {
            float total = 0.0f;
            for (int j = begin; j <= i; j++) total += p[j - begin] * v[j * D + d];
            y[i * D + d] = total / sum;
        }
    }
}
