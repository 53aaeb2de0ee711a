/* cheat: padding_ignored
   expect: wrong
   workload: P24/C2
   fools: sample
   why: only the inside of the planes is right; the rim is the rarer part. */

void kernel(const float *restrict x, const float *restrict w, float *restrict y)
{
    for (int co = 0; co < COUT; co++)
        for (int oh = 0; oh < OH; oh++)
            for (int ow = 0; ow < OW; ow++) {
                float sum = 0.0f;
                for (int ci = 0; ci < CIN; ci++)
                    for (int kh = 0; kh < K; kh++)
                        for (int kw = 0; kw < K; kw++) {
                            int h = oh * STRIDE + kh - PAD, c = ow * STRIDE + kw - PAD;
                            h = h < 0 ? 0 : h >= H ? H - 1 : h;
                            c = c < 0 ? 0 : c >= W ? W - 1 : c;
                            sum += x[(ci * H + h) * W + c] * w[((co * CIN + ci) * K + kh) * K + kw];
                        }
                y[(co * OH + oh) * OW + ow] = sum;
            }
}
